/* users.c -- reading /etc/passwd of the virtual machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/users.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shell/expand.h"
#include "shell/shell.h"

/* The whole file in scratch memory (64 KiB at most); "" if unreadable. */
static char *passwd(struct shell *sh)
{
    enum { MAX = 65536 };
    int fd = vm_open(sh->p, "/etc/passwd", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return sh_tmp_strdup(sh, "");
    struct str s;
    str_init(&s, sh->tmp);
    char part[1024];
    ssize_t n;
    while (s.n < MAX && (n = vm_read(sh->p, fd, part, sizeof part)) > 0)
        str_add(&s, part, (size_t)n);
    (void)vm_close(sh->p, fd);
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

/* Splits a line into its seven fields, in place; false if malformed. */
static bool split(char *line, char *f[7])
{
    for (int i = 0; i < 7; i++) {
        f[i] = line;
        char *colon = strchr(line, ':');
        if (i < 6 && !colon)
            return false;
        if (colon) {
            *colon = 0;
            line = colon + 1;
        }
    }
    return true;
}

static bool next_entry(char **at, char *f[7])
{
    while (**at) {
        char *line = *at, *nl = strchr(line, '\n');
        *at = nl ? nl + 1 : line + strlen(line);
        if (nl)
            *nl = 0;
        if (split(line, f))
            return true;
    }
    return false;
}

const char *users_home(struct shell *sh, const char *user)
{
    char *at = passwd(sh), *f[7];
    uint32_t uid = vm_getuid(sh->p);
    while (next_entry(&at, f))
        if (user ? strcmp(f[0], user) == 0 : strtoul(f[2], NULL, 10) == uid)
            return f[5];
    return NULL;
}

const char *users_name(struct shell *sh, uint32_t uid)
{
    char *at = passwd(sh), *f[7];
    while (next_entry(&at, f))
        if (strtoul(f[2], NULL, 10) == uid)
            return f[0];
    return NULL;
}

char **users_list(struct shell *sh, const char *prefix)
{
    struct fields out = {0};
    char *at = passwd(sh), *f[7];
    while (next_entry(&at, f))
        if (str_starts(f[0], prefix))
            fields_add(sh, &out, f[0]);
    fields_add(sh, &out, NULL);
    return out.v;
}
