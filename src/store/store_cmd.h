/* store_cmd.h -- subcommands that read what is kept.
 *
 * Each takes its own name and the arguments behind it and returns an exit
 * status: 0, 1 on failure, 2 on wrong usage (told on standard error). The state
 * folder is --state DIR, else $QRASSH_STATE_DIR, else ./state if a store is
 * there, else /var/lib/qrassh. None of them writes to the store but prune.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_STORE_CMD_H
#define STORE_STORE_CMD_H

int store_cmd_sessions(int argc, char **argv);   /* a table of recorded sessions */
int store_cmd_replay(int argc, char **argv);     /* plays a record, actions shown */
int store_cmd_export_tty(int argc, char **argv); /* a record in the format of Kippo */
int store_cmd_iocs(int argc, char **argv);       /* indicators: STIX, MISP, CSV, JSON */
int store_cmd_prune(int argc, char **argv);      /* removes what is old or too much */
int store_cmd_events(int argc, char **argv);     /* prints docs/EVENTS.md */

#endif
