/* sig.h -- signals by name and number.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_SIG_H
#define CMD_SIG_H

/* "TERM", "SIGTERM", "15": the number, or -1. */
int sig_number(const char *name);
/* "TERM" for 15; "?" if there is none of that number. */
const char *sig_name(int sig);

#endif
