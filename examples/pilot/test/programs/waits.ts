// Says that it is ready, and waits for ever.
process.stdout.write(`${JSON.stringify({ event: 'ready', pid: process.pid })}\n`);
setInterval(() => {}, 60_000);
