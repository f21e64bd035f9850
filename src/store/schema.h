/* schema.h -- the tables of the store, version by version.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* The version that this program writes (SQLite's user_version). */
int schema_version(void);
/* The statements that make version out of version - 1; NULL if there are none. */
const char *schema_step(int version);

#endif
