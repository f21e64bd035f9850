/* vocab.h -- which number a command has: the alphabet of the agent's state.
 *
 * Two tables are compiled in from data/vocab_*.def. "legacy57" is the table of
 * the 2018 paper, kept for comparison: half of what attackers really type is
 * "unknown" in it. "extended" (the default) gives each of the most used real
 * commands a code of its own and folds the long tail into classes, all below
 * 100 so that the paper's Embedding(100, 64) fits unchanged.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_VOCAB_H
#define RL_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RL_VOCAB_MAX = 100 }; /* codes are 0 .. 99; 0 is padding */

/* What a command is to a reward function. */
enum rl_class {
    RL_CLASS_NONE,     /* no command (padding, session end) */
    RL_CLASS_PLAIN,    /* an ordinary command */
    RL_CLASS_DOWNLOAD, /* brings a file in: wget, curl, tftp, scp ... */
    RL_CLASS_HACK,     /* a hacking tool: nmap, masscan, sqlmap ... */
    RL_CLASS_CUSTOM,   /* a file of the attacker: ./x, /tmp/x */
    RL_CLASS_UNKNOWN,  /* a word outside every list */
    RL_CLASS_EXIT,     /* exit, logout */
    RL_CLASS_COUNT
};

struct rl_command {
    uint8_t code;  /* 1 .. 99 */
    uint8_t class; /* enum rl_class */
};

struct rl_vocab; /* immutable, static storage */

/* By name ("extended", "legacy57"); NULL if there is none. */
const struct rl_vocab *rl_vocab_find(const char *name);
const struct rl_vocab *rl_vocab_default(void);
const char *rl_vocab_name(const struct rl_vocab *v);
/* Changes when any word, code or class changes: stored with every policy. */
uint64_t rl_vocab_hash(const struct rl_vocab *v);
size_t rl_vocab_size(const struct rl_vocab *v); /* codes incl. padding: largest code + 1 */
/* The first word of a code ("wget", "(custom)"); "" for padding or no code. */
const char *rl_vocab_word(const struct rl_vocab *v, int code);
int rl_vocab_class(const struct rl_vocab *v, int code);

/* The code of one typed word: standard directories (/bin, /usr/bin, ...) are
 * taken off, letters' case is ignored, another path or ./x is "custom", the
 * rest "unknown". Never fails: any bytes are fine. */
struct rl_command rl_vocab_code(const struct rl_vocab *v, const char *word);
/* The code of a whole simple command. Looks through wrappers that run another
 * command (busybox, sudo, nohup, env, time ...): `/bin/busybox wget x` is
 * wget, `busybox ECCHI` the probe for an applet. argc 0 (assignments or
 * redirections only) has a code of its own. */
struct rl_command rl_vocab_command(const struct rl_vocab *v, int argc, const char *const *argv);

#endif
