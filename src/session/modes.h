/* modes.h -- terminal modes as a client sends them with pty-req.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_MODES_H
#define SESSION_MODES_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

/* The modes a fresh Linux terminal has. */
void modes_default(struct termios *t);
/* Applies encoded modes (RFC 4254 section 8), which may be cut off or
 * nonsense: unknown opcodes up to 159 are skipped, others end the list. */
void modes_apply(struct termios *t, const uint8_t *p, size_t n);

#endif
