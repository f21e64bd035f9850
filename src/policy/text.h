/* text.h -- texts with {placeholders} about a command: the data files' language.
 *
 * What the placeholders mean is said in data/blocks.def and data/fakes.def.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef POLICY_TEXT_H
#define POLICY_TEXT_H

#include "base/str.h"
#include "policy/gate.h"

/* The nth operand (0 is the first): the words behind argv[0] that are neither
 * options nor their arguments. NULL if there are fewer. */
const char *policy_text_operand(const struct policy_command *c, unsigned n);
/* Was the option letter given, alone or in a cluster? */
bool policy_text_option(const struct policy_command *c, char letter);
/* The last part of argv[0]: "wget" of "/usr/bin/wget". */
const char *policy_text_name(const struct policy_command *c);

/* A URL among the operands, taken apart. Pieces point into argv. */
struct policy_url {
    const char *text, *host, *file;
    int text_n, host_n, file_n;
    unsigned port;
    bool bare; /* written without "http://" */
    bool ip;   /* the host is an address */
};
/* The first operand that looks like one; false if none does. */
bool policy_text_url(const struct policy_command *c, struct policy_url *u);

/* Has the command all operands that the text needs? */
bool policy_text_fits(const struct policy_command *c, const char *text);

/* The values of placeholders that do not come from the command. */
struct policy_text_env {
    const struct policy_command *command;
    bool utf8;     /* quotes of the locale */
    char now[32];  /* "2026-01-31 23:59:59" */
    unsigned cpus; /* of the false machine */
    const char *kernel, *name;
};
/* Appends the text with its placeholders filled in, at most POLICY_TEXT_MAX
 * bytes in all. */
enum { POLICY_TEXT_MAX = 64 * 1024, POLICY_TEXT_REPEAT = 64 };
void policy_text_render(struct str *out, const struct policy_text_env *env, const char *text);

#endif
