/* artefact.h -- files that attackers brought, kept under the SHA-256 of their
 * bytes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_ARTEFACT_H
#define STORE_ARTEFACT_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/* Writes dir/SHA256 with mode 0400 unless it is there: temporary name in the
 * same folder, fsync, rename. 0 or ERR_IO (errno). */
int artefact_write(const char *dir, const char *sha256, const void *p, size_t n) NODISCARD;

/* The type by content, such as "text/x-shellscript"; "application/octet-stream"
 * if libmagic has no database. out is set always. */
void artefact_mime(const void *p, size_t n, char *out, size_t out_n);
void artefact_mime_done(void); /* frees libmagic's tables */

/* Facts of an executable: "ELF 32-bit LSB executable, ARM, static, stripped,
 * UPX"; "" for anything else. Reads nothing beyond n whatever the headers say. */
void artefact_facts(const void *p, size_t n, char *out, size_t out_n);

#endif
