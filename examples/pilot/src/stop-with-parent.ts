/**
 * Loaded into each program that the demonstration starts (`node --import`): when the demonstration is gone, even killed,
 * its end of the channel closes, and the program asks itself to stop as an operator would.
 */
if (process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
