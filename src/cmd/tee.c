/* tee.c -- copies its input to standard output and to files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <fcntl.h>
#include <string.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

static int tee_run(struct cmd_run *r)
{
    int flags = O_WRONLY | O_CREAT | (cmd_has(r, 'a') ? O_APPEND : O_TRUNC), status = 0;
    int *fd = vm_alloc(r->p, ((size_t)r->argc + 1) * sizeof(*fd));
    if (cmd_has(r, 'i'))
        vm_signal(r->p, SIGINT, VM_SIG_IGN, true);
    fd[0] = 1;
    for (int i = 0; i < r->argc; i++) {
        fd[i + 1] = vm_open(r->p, r->argv[i], flags, 0666);
        if (fd[i + 1] < 0) {
            cmd_warn_err(r, fd[i + 1], "%s", cmd_quotef(r, r->argv[i]));
            status = 1;
        }
    }
    char *block = vm_alloc(r->p, BLOCK);
    ssize_t n;
    while ((n = vm_read(r->p, 0, block, BLOCK)) > 0)
        for (int i = 0; i <= r->argc; i++) {
            ssize_t done = fd[i] < 0 ? 0 : vm_write_all(r->p, fd[i], block, (size_t)n);
            if (done >= 0)
                continue;
            cmd_warn_err(r, (int)done, "%s",
                         i ? cmd_quotef(r, r->argv[i - 1]) : "'standard output'");
            fd[i] = -1;
            status = 1;
        }
    if (n < 0) {
        cmd_warn_err(r, (int)n, "read error");
        status = 1;
    }
    return status;
}

static const char *const tee_longs[] = {"append=a", "ignore-interrupts=i", "output-error?=p", NULL};

const struct cmd cmd_tee = {.name = "tee", .opts = "aip", .longs = tee_longs, .run = tee_run};
