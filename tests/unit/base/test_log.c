/* test_log.c -- a log line is one line of harmless bytes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

/* What log_at writes to standard error. */
static const char *logged(enum log_level level, const char *text)
{
    static char out[4096];
    int fds[2], kept = dup(STDERR_FILENO);
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    log_at(level, "%s", text);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(fds[1]);
    ssize_t n = read(fds[0], out, sizeof out - 1);
    close(fds[0]);
    out[n < 0 ? 0 : n] = 0;
    return out;
}

static void lines_are_escaped(void **state)
{
    (void)state;
    log_set_name("tester");
    const char *line = logged(LOG_WARN, "user \x1b[2J\nfake: line\r\x80\xc3\xbc end");
    assert_non_null(
        strstr(line, "Z tester: warning: user \\x1b[2J\\x0afake: line\\x0d\\x80\\xc3\\xbc end\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    int year, month, day, hour, minute, second, ms;
    assert_int_equal(
        sscanf(line, "%d-%d-%dT%d:%d:%d.%dZ", &year, &month, &day, &hour, &minute, &second, &ms),
        7);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 1, sizeof text - 1);
    text[sizeof text - 1] = 0;
    const char *line = logged(LOG_ERROR, text);
    assert_in_range(strlen(line), 900, 1024);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void levels_are_a_threshold(void **state)
{
    (void)state;
    log_set_level(LOG_WARN);
    assert_string_equal(logged(LOG_INFO, "quiet"), "");
    assert_non_null(strstr(logged(LOG_WARN, "loud"), "loud"));
    log_set_level(LOG_DEBUG);
    assert_non_null(strstr(logged(LOG_DEBUG, "all"), "debug: all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_escaped),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(levels_are_a_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
