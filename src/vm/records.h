/* records.h -- what a login leaves behind on the machine: utmp, wtmp, lastlog,
 * auth.log; and what greets it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_RECORDS_H
#define VM_RECORDS_H

#include "vm/host.h"

struct vm_tty;

void records_login(struct vm_login *l);  /* accepted: auth.log */
void records_logout(struct vm_login *l); /* the connection ended */
/* A terminal of the login: utmp, wtmp, lastlog entries. */
void records_tty_start(struct vm_login *l, int pid, unsigned tty);
void records_tty_end(struct vm_login *l, int pid, unsigned tty);
/* The message of the day and "Last login:" on a login shell's terminal. */
void records_greet(struct vm_login *l, struct vm_tty *t);

/* What was there before: wtmp, auth.log of earlier days. Once per world. */
void records_history(struct vm *vm, struct arena *a);
/* Likewise what cron, systemd and the kernel logged (history.c). */
void history_write(struct vm *vm, struct arena *a);

#endif
