/* sftp.h -- the emulated sftp-server.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SFTP_H
#define SESSION_SFTP_H

#include "vm/host.h"

extern const struct vm_program sftp_programs[];

#endif
