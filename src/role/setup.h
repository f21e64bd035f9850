/* setup.h -- what an installation keeps: persona, host keys, seed; and the
 * image it shows. Done by the monitor before any other role exists.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_SETUP_H
#define ROLE_SETUP_H

#include "role/role.h"

/* Fills s from the configuration and the state folder, making what is missing.
 * On failure an error with one line in why for the operator. What s points to
 * lives until the program ends. */
int setup_prepare(struct role_setup *s, const struct conf *conf, char *why, size_t n) NODISCARD;
/* The image named by the configuration, or the built-in one with a warning. */
const struct vfs_image *setup_image(const struct conf *conf, const char *state_dir);
/* Persona of the state folder; drawn and written if there is none. */
int setup_persona(struct persona *p, const char *state_dir, uint64_t seed,
                  const struct vfs_image *im, char *why, size_t n) NODISCARD;

#endif
