/* daemons.c -- the machine's own population: rows without processes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

bool daemon_at(struct vm *vm, unsigned i, struct vm_procinfo *out)
{
    static const char *const none[] = {NULL};
    if (i || (vm->killed[0] & 1))
        return false;
    *out = (struct vm_procinfo){.pid = 1,
                                .pgid = 1,
                                .sid = 1,
                                .tty_pgid = -1,
                                .threads = 1,
                                .state = 'S',
                                .tty = "?",
                                .comm = "systemd",
                                .exe = "/usr/lib/systemd/systemd",
                                .argv = none,
                                .envp = none};
    return true;
}

int daemon_kill(struct vm *vm, int pid, int sig)
{
    (void)vm;
    (void)sig;
    return pid == 1 ? 0 : -ESRCH;
}

int daemon_pid(struct vm *vm, const char *comm)
{
    (void)vm;
    (void)comm;
    return 1;
}

unsigned daemon_count(const struct vm *vm)
{
    (void)vm;
    return 1;
}

void daemons_init(struct vm_world *w)
{
    w->first_pid = 700 + (int)(w->conf.persona->seed % 900);
}
