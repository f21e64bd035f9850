/* effects.c -- chooses the text for block, fake and insult.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "policy/effects.h"

#include <string.h>

#include "base/hash.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct policy_effect blocks[] = {
#define OPTARGS(name, letters)
#define BLOCK(name, status, text) {name, "", status, 2, text},
#include "../../data/blocks.def"
#undef OPTARGS
#undef BLOCK
};
static const struct policy_effect fakes[] = {
#define FAKE(name, condition, status, fd, text) {name, condition, status, fd, text},
#include "../../data/fakes.def"
#undef FAKE
};
static const struct {
    const char *countries, *language;
} speaks[] = {
#define SPEAKS(countries, language) {countries, language},
#define INSULT(language, text)
#include "../../data/insults.def"
#undef SPEAKS
#undef INSULT
};
static const struct {
    const char *language, *text;
} insults[] = {
#define SPEAKS(countries, language)
#define INSULT(language, text) {language, text},
#include "../../data/insults.def"
#undef SPEAKS
#undef INSULT
};

/* A number below n that stays the same for this machine and command. */
static size_t pick(const struct policy_command *c, uint64_t seed, size_t n)
{
    const char *name = policy_text_name(c);

    return hash_fixed(name, strlen(name), seed) % n;
}

const struct policy_effect *policy_block_choose(const struct policy_command *c, uint64_t seed)
{
    static const struct policy_effect builtin = {"", "builtin", 1, 2,
                                                 "{sh}: {0}: Permission denied\n"};
    static const struct policy_effect denied = {"", "denied", 126, 2,
                                                "{sh}: {path}: Permission denied\n"};
    static const struct policy_effect absent = {"", "absent", 127, 2,
                                                "{sh}: {0}: command not found\n"};
    static const struct policy_effect nofile = {"", "nofile", 127, 2,
                                                "{sh}: {0}: No such file or directory\n"};
    const struct policy_effect *fit[8];
    const char *name = policy_text_name(c);
    size_t n = 0;

    if (c->kind == POLICY_NOTFOUND)
        return strchr(c->argv[0], '/') ? &nofile : &absent;
    if (c->kind == POLICY_SCRIPT)
        return &denied;
    for (size_t i = 0; i < COUNT(blocks) && n < COUNT(fit); i++)
        if (strcmp(blocks[i].name, name) == 0 && policy_text_fits(c, blocks[i].text))
            fit[n++] = &blocks[i];
    if (n)
        return fit[pick(c, seed, n)];
    if (c->kind == POLICY_PROGRAM)
        return &denied;
    return &builtin;
}

static bool condition_holds(const struct policy_command *c, const char *condition)
{
    struct policy_url u;
    const char *w;

    if (!condition[0])
        return true;
    if (condition[0] == '-')
        return policy_text_option(c, condition[1]);
    if (condition[0] == '=') {
        for (unsigned i = 0; i < POLICY_TEXT_REPEAT && (w = policy_text_operand(c, i)); i++)
            if (strcmp(w, condition + 1) == 0)
                return true;
        return false;
    }
    return policy_text_url(c, &u) && u.ip == (strcmp(condition, "ip") == 0);
}

const struct policy_effect *policy_fake_choose(const struct policy_command *c, uint64_t seed)
{
    static const struct policy_effect silence = {"", "silence", 0, 1, ""};
    const struct policy_effect *fit[8];
    const char *name = policy_text_name(c);
    size_t n = 0;

    for (size_t i = 0; i < COUNT(fakes) && n < COUNT(fit); i++) {
        const struct policy_effect *f = &fakes[i];
        if (strcmp(f->name, name) != 0 || !policy_text_fits(c, f->text))
            continue;
        if (n ? strcmp(fit[0]->condition, f->condition) == 0 : condition_holds(c, f->condition))
            fit[n++] = f;
    }
    return n ? fit[pick(c, seed, n)] : &silence;
}

static const char *language_of(const char *country)
{
    if (!country || strlen(country) != 2)
        return "en";
    for (size_t i = 0; i < COUNT(speaks); i++)
        for (const char *at = speaks[i].countries; *at; at += 2, at += *at == ' ')
            if (strncmp(at, country, 2) == 0)
                return speaks[i].language;
    return "en";
}

const char *policy_insult_choose(const char *country, struct rng *rng, const char **language)
{
    uint64_t n = 0, which;

    *language = language_of(country);
    for (size_t i = 0; i < COUNT(insults); i++)
        n += strcmp(insults[i].language, *language) == 0;
    which = rng_below(rng, n ? n : 1);
    for (size_t i = 0; i < COUNT(insults); i++)
        if (strcmp(insults[i].language, *language) == 0 && which-- == 0)
            return insults[i].text;
    return "...";
}
