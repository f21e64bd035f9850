/* sig.c -- signals by name and number.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/sig.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

static const char *const names[] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};

enum { NAMES = sizeof(names) / sizeof(*names), RTMIN = 34, RTMAX = 64 };

int sig_number(const char *name)
{
    int64_t n;
    if (!str_int(name, 0, RTMAX, &n))
        return (int)n;
    if (!strncasecmp(name, "SIG", 3))
        name += 3;
    for (int i = 0; i < NAMES; i++)
        if (!strcasecmp(names[i], name))
            return i;
    if (!strcasecmp(name, "IO"))
        return 29;
    if (!strcasecmp(name, "CLD"))
        return 17;
    if (!strcasecmp(name, "RTMIN"))
        return RTMIN;
    if (!strcasecmp(name, "RTMAX"))
        return RTMAX;
    return -1;
}

const char *sig_name(int sig)
{
    return sig >= 0 && sig < NAMES ? names[sig]
           : sig == RTMIN          ? "RTMIN"
           : sig == RTMAX          ? "RTMAX"
                                   : "?";
}
