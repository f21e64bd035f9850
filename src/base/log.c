/* log.c -- diagnostics for operators, one write(2) a line.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 1024 }; /* longer messages are cut */

static enum log_level log_threshold = LOG_INFO;
static const char *log_name = "qrassh";

void log_set_level(enum log_level level)
{
    log_threshold = level;
}

void log_set_name(const char *role)
{
    log_name = role;
}

/* Appends s to line[at..], everything but printable ASCII escaped. */
static size_t add_escaped(char *line, size_t at, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    for (; *s && at + 5 < LINE; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= ' ' && c < 0x7f) {
            line[at++] = (char)c;
            continue;
        }
        line[at++] = '\\';
        line[at++] = 'x';
        line[at++] = hex[c >> 4];
        line[at++] = hex[c & 15];
    }
    return at;
}

void log_at(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if (level > log_threshold)
        return;
    struct timespec ts;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);

    char line[LINE], text[LINE];
    size_t at = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
    int n = snprintf(line + at, sizeof line - at, ".%03ldZ %s: %s: ", ts.tv_nsec / 1000000,
                     log_name, names[level]);
    at += n > 0 && (size_t)n < sizeof line - at ? (size_t)n : 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    at = add_escaped(line, at, text);
    line[at++] = '\n';
    /* A diagnostic that cannot be written has nowhere else to go. */
    if (write(STDERR_FILENO, line, at) < 0)
        return;
}
