/*
 * Preloaded into storescp, so that it gives what our inbox gives: a file that it has written is on the disk before it is
 * closed, which is before the answer. Its name is not synced, which ours is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int fclose(FILE *file) {
  static int (*original)(FILE *);
  if (original == NULL) original = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
  int descriptor = fileno(file);
  if (descriptor >= 0 && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY) {
    if (fflush(file) != 0 || fdatasync(descriptor) != 0) perror("sync-on-close");
  }
  return original(file);
}
