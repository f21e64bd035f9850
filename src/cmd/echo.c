/* echo.c -- its arguments, with -e escapes; busybox's echo is the same.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/escape.h"

static int echo_run(struct cmd_run *r)
{
    bool newline = true, escapes = false;
    char **a = r->argv;
    if (r->argc == 1 && !r->busybox && cmd_text_option(r, a[0]))
        return 0;
    for (; *a && (*a)[0] == '-' && (*a)[1] && strspn(*a + 1, "neE") == strlen(*a + 1); a++)
        for (const char *c = *a + 1; *c; c++) {
            if (*c == 'n')
                newline = false;
            else
                escapes = *c == 'e';
        }
    for (bool first = true; *a; a++, first = false) {
        if (!first)
            vf_putc(r->out, ' ');
        if (!escapes) {
            vf_puts(r->out, *a);
            continue;
        }
        struct str b;
        str_init(&b, r->arena);
        bool stop = escape_echo(&b, *a);
        vf_write(r->out, str_text(&b), b.n);
        if (stop)
            return 0;
    }
    if (newline)
        vf_putc(r->out, '\n');
    return 0;
}

const struct cmd cmd_echo = {.name = "echo", .run = echo_run, .flags = CMD_RAW};
