/* perl_regex.h -- Perl's regular expressions (grep -P), by PCRE2 within limits.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_PERL_REGEX_H
#define CMD_PERL_REGEX_H

#include "base/regex.h"
#include "vm/vm.h"

struct perl_regex;

/* Memory is the process's. NULL and the reason in *why. */
struct perl_regex *perl_regex_new(struct proc *p, const char *pattern, size_t n, bool icase,
                                  bool utf8, bool words, bool lines, const char **why);
/* 1 and where in *m, 0 none, ERR_LIMIT when matching took too long. */
int perl_regex_exec(struct perl_regex *re, const char *s, size_t n, size_t from,
                    struct regex_match *m);

#endif
