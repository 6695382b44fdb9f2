/* Reads lines "a TAB b" and writes how dpkg's own library compares the two. */
#include <stdio.h>
#include <string.h>
#define LIBDPKG_VOLATILE_API 1
#include <dpkg/dpkg-db.h>
#include <dpkg/parsedump.h>
#include <dpkg/version.h>

/* An error is a refusal; a warning, such as for a version that begins with a letter, is none. */
static int read_version(struct dpkg_version *version, const char *text) {
  struct dpkg_error error = DPKG_ERROR_INIT;
  int status = parseversion(version, text, &error);
  int refused = status != 0 && error.type == DPKG_MSG_ERROR;
  dpkg_error_destroy(&error);
  return !refused;
}

int main(void) {
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *tab = strchr(line, '\t');
    *tab = 0;
    struct dpkg_version a, b;
    if (!read_version(&a, line) || !read_version(&b, tab + 1)) puts("invalid");
    else {
      int difference = dpkg_version_compare(&a, &b);
      puts(difference < 0 ? "-1" : difference > 0 ? "1" : "0");
    }
  }
}
