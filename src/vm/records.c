/* records.c -- the traces of logins in the machine's own files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/records.h"

#include <utmp.h>

#include "vm/priv.h"

void records_login(struct vm_login *l)
{
    (void)l;
}

void records_logout(struct vm_login *l)
{
    (void)l;
}

void records_tty_start(struct vm_login *l, int pid, unsigned tty)
{
    (void)l;
    (void)pid;
    (void)tty;
}

void records_tty_end(struct vm_login *l, int pid, unsigned tty)
{
    (void)l;
    (void)pid;
    (void)tty;
}

void records_greet(struct vm_login *l, struct vm_tty *t)
{
    (void)l;
    (void)t;
}
