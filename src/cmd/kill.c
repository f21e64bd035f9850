/* kill.c -- kill as a program: signals to processes by number.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/sig.h"
#include "cmd/sys.h"

enum { LAST = 31 };

static int usage(struct cmd_run *r)
{
    size_t n;
    const char *t = vm_text(r->p, "kill --help", &n);
    if (t)
        vf_write(r->err, t, n);
    return 1;
}

static void list(struct cmd_run *r)
{
    for (int i = 1; i <= LAST; i++)
        vf_printf(r->out, "%s%s", sig_name(i), i == 16 || i == LAST ? "\n" : " ");
}

static void table(struct cmd_run *r)
{
    for (int i = 1; i <= LAST; i++)
        vf_printf(r->out, i % 7 ? "%2d %-8s" : "%2d %s\n", i, sig_name(i));
    vf_putc(r->out, '\n');
}

static int translate(struct cmd_run *r, const char *arg)
{
    int sig = sig_number(arg);
    if (sig < 0) {
        cmd_warn(r, "unknown signal name %s", arg);
        return 1;
    }
    if (*arg >= '0' && *arg <= '9')
        vf_printf(r->out, "%s\n", sig_name(sig & 0x7f));
    else
        vf_printf(r->out, "%d\n", sig);
    return 0;
}

static int send(struct cmd_run *r, char **pids, int sig)
{
    int status = 0;
    for (; *pids; pids++) {
        char *end;
        long pid = strtol(*pids, &end, 10);
        if (end == *pids || *end) {
            cmd_warn(r, "failed to parse argument: '%s'", *pids);
            status = 1;
            continue;
        }
        int err = vm_kill(r->p, (int)pid, sig);
        if (err < 0) {
            cmd_warn_err(r, err, "(%ld)", pid);
            status = 1;
        }
    }
    return status;
}

static int kill_run(struct cmd_run *r)
{
    int sig = SIGTERM;
    char **a = r->argv;
    for (; *a && **a == '-'; a++) {
        const char *s = *a;
        if (!strcmp(s, "--")) {
            a++;
            break;
        }
        if (!strcmp(s, "--help") || !strcmp(s, "-h"))
            return cmd_text_option(r, "--help"), 0;
        if (!strcmp(s, "--version") || !strcmp(s, "-V"))
            return cmd_text_option(r, "--version"), 0;
        if (!strcmp(s, "-L") || !strcmp(s, "--table"))
            return table(r), 0;
        if (str_starts(s, "--list=") || (str_starts(s, "-l") && s[2] && s[2] != 'i'))
            return translate(r, s[1] == 'l' ? s + 2 : s + 7);
        if (!strcmp(s, "-l") || !strcmp(s, "--list"))
            return a[1] ? translate(r, a[1]) : (list(r), 0);
        const char *name = s + 1;
        if ((!strcmp(s, "-s") || !strcmp(s, "--signal")) && a[1])
            name = *++a;
        else if (str_starts(s, "--signal="))
            name = s + 9;
        else if ((!strcmp(s, "-q") || !strcmp(s, "--queue")) && a[1]) {
            a++;
            continue;
        }
        int n = sig_number(name);
        if (n < 0 && name == s + 1) {
            cmd_warn(r, "invalid argument %c", *name);
            return usage(r);
        }
        if (n < 0) {
            cmd_warn(r, "unknown signal name %s", name);
            return usage(r);
        }
        sig = n;
    }
    return *a ? send(r, a, sig) : usage(r);
}

const struct cmd cmd_kill = {.name = "kill", .run = kill_run, .flags = CMD_RAW};
