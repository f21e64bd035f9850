/* json.h -- writing JSON: compact, strict UTF-8, into a struct str.
 *
 * Bytes that are not valid UTF-8 become U+FFFD in json_str; callers that must
 * keep them escape them first (event/ does). Reading is cJSON's job.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"

void json_open(struct str *b, char bracket);  /* '{' or '[' ; adds a comma if one is due */
void json_close(struct str *b, char bracket); /* '}' or ']' */
void json_key(struct str *b, const char *key);
void json_str(struct str *b, const char *s, size_t n);
void json_cstr(struct str *b, const char *s); /* NULL writes null */
void json_int(struct str *b, int64_t v);
void json_double(struct str *b, double v); /* null for NaN and infinities */
void json_bool(struct str *b, bool v);
void json_raw(struct str *b, const char *text); /* text is already JSON */

#endif
