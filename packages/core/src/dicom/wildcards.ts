/** Wildcard matching (PS3.4 C.2.2.2.4), as an SCP of a query does it, and rules do. */

/**
 * Whether a text fits a pattern in which `*` stands for any characters and `?` for one. Takes at most
 * value × pattern steps, whatever the pattern.
 */
export function matchesWildcards(value: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < value.length) {
    if (pattern[next] === '*') {
      star = next++;
      starAt = at;
    } else if (next < pattern.length && (pattern[next] === '?' || pattern[next] === value[at])) {
      at++;
      next++;
    } else if (star >= 0) {
      // Let the last star swallow one more character and go on behind it.
      next = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}
