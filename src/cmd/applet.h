/* applet.h -- programs that behave otherwise as applets of busybox.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_APPLET_H
#define CMD_APPLET_H

#include "cmd/cmd.h"

int applet_wget(struct cmd_run *r); /* operands are raw: options not yet parsed */

#endif
