/* sftp_text.h -- the texts of a directory listing over SFTP.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SFTP_TEXT_H
#define SESSION_SFTP_TEXT_H

#include "vm/vm.h"

/* As "ls -l" of OpenSSH's sftp-server writes a line; in arena a. */
const char *sftp_longname(struct proc *p, struct arena *a, const char *name,
                          const struct vfs_stat *st);
/* The account or group with this number, "" if there is none; in arena a. */
const char *sftp_name_of(struct proc *p, struct arena *a, bool group, uint32_t id);
/* The home directory of an account ("" and ".": the process's own). */
bool sftp_home_of(struct proc *p, struct arena *a, const char *user, char *out, size_t n);

#endif
