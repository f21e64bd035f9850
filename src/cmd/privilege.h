/* privilege.h -- ending the machine, under each of its names.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_PRIVILEGE_H
#define CMD_PRIVILEGE_H

#include "cmd/cmd.h"

/* shutdown, reboot, halt, poweroff: which one says r->name. */
int privilege_shutdown(struct cmd_run *r);

#endif
