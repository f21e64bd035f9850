/* vocab.c -- words to codes.
 *
 * The tables are small (a few hundred words), so a scan that compares the
 * first letter first costs about a microsecond and needs no index.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/vocab.h"
#include "base/hash.h"
#include "base/str.h"

#include <string.h>

struct word {
    uint8_t code, class;
    const char *text;
};

static const struct word legacy57[] = {
#define X(code, CLASS, text) {code, RL_CLASS_##CLASS, text},
#include "../../data/vocab_legacy57.def"
#undef X
};
static const struct word extended[] = {
#define X(code, CLASS, text) {code, RL_CLASS_##CLASS, text},
#include "../../data/vocab_extended.def"
#undef X
};
static const char *const hacktools[] = {
#define X(text) text,
#include "../../data/hacktools.def"
#undef X
};

struct rl_vocab {
    const char *name;
    const struct word *words;
    size_t count;
};

#define COUNT(a) (sizeof(a) / sizeof *(a))
static const struct rl_vocab vocabs[] = {
    {"extended", extended, COUNT(extended)},
    {"legacy57", legacy57, COUNT(legacy57)},
};

const struct rl_vocab *rl_vocab_find(const char *name)
{
    for (size_t i = 0; i < COUNT(vocabs); i++)
        if (str_eq(name, vocabs[i].name))
            return &vocabs[i];
    return NULL;
}

const struct rl_vocab *rl_vocab_default(void)
{
    return &vocabs[0];
}

const char *rl_vocab_name(const struct rl_vocab *v)
{
    return v->name;
}

uint64_t rl_vocab_hash(const struct rl_vocab *v)
{
    uint64_t h = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct word *w = &v->words[i];
        h = hash_fixed(w->text, strlen(w->text), h ^ (w->code | (uint64_t)w->class << 8));
    }
    return h;
}

size_t rl_vocab_size(const struct rl_vocab *v)
{
    size_t max = 0;
    for (size_t i = 0; i < v->count; i++)
        max = v->words[i].code > max ? v->words[i].code : max;
    return max + 1;
}

const char *rl_vocab_word(const struct rl_vocab *v, int code)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->words[i].code == code)
            return v->words[i].text;
    return "";
}

int rl_vocab_class(const struct rl_vocab *v, int code)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->words[i].code == code)
            return v->words[i].class;
    return RL_CLASS_NONE;
}

static const struct word *find(const struct rl_vocab *v, const char *text)
{
    const char first = text[0] >= 'A' && text[0] <= 'Z' ? (char)(text[0] + 32) : text[0];
    for (size_t i = 0; i < v->count; i++)
        if (v->words[i].text[0] == first && str_eqi(v->words[i].text, text))
            return &v->words[i];
    return NULL;
}

/* A class row such as "(custom)"; legacy57 has "(unknown)" only, the class of
 * the command is told all the same. */
static struct rl_command class_code(const struct rl_vocab *v, const char *row, int class)
{
    const struct word *w = find(v, row);
    if (!w)
        w = find(v, "(unknown)");
    return (struct rl_command){w->code, (uint8_t) class};
}

/* The word without a standard directory; NULL if it names another file. */
static const char *base_name(const char *word)
{
    static const char *const dirs[] = {"/bin/",      "/sbin/",      "/usr/bin/",
                                       "/usr/sbin/", "/usr/local/", "/usr/local/bin/"};
    const char *slash = strrchr(word, '/');
    if (!slash)
        return word;
    for (size_t i = 0; i < COUNT(dirs); i++) {
        const size_t n = strlen(dirs[i]);
        if (strncmp(word, dirs[i], n) != 0)
            continue;
        const char *rest = word + n;
        while (rest[0] == '.' && rest[1] == '/') /* /bin/./uname */
            rest += 2;
        if (rest == slash + 1)
            return rest;
    }
    return NULL;
}

struct rl_command rl_vocab_code(const struct rl_vocab *v, const char *word)
{
    if (word[0] == '\0')
        return class_code(v, "(empty)", RL_CLASS_PLAIN);
    const struct word *w = word[0] == '(' ? NULL : find(v, word); /* "/ip" stands as it is */
    const char *name = base_name(word);
    if (!w && !name)
        return class_code(v, "(custom)", RL_CLASS_CUSTOM);
    if (!w && name[0] != '(')
        w = find(v, name);
    if (w)
        return (struct rl_command){w->code, w->class};
    for (size_t i = 0; i < COUNT(hacktools); i++)
        if (str_eqi(hacktools[i], name))
            return class_code(v, "(hack)", RL_CLASS_HACK);
    return class_code(v, "(unknown)", RL_CLASS_UNKNOWN);
}

/* Commands that run the command in their arguments; options of theirs that
 * take a value, as letters; plain arguments of their own before it. */
static const struct wrapper {
    const char *name, *valued;
    int own;
} wrappers[] = {
    {"busybox", "", 0}, {"sudo", "ugpCDRTh", 0}, {"doas", "uC", 0},    {"nohup", "", 0},
    {"env", "uCS", 0},  {"time", "fo", 0},       {"nice", "n", 0},     {"setsid", "", 0},
    {"command", "", 0}, {"builtin", "", 0},      {"exec", "a", 0},     {"timeout", "ks", 1},
    {"chroot", "", 1},  {"ionice", "cnp", 0},    {"stdbuf", "ioe", 0},
};

static const struct wrapper *wrapper_find(const char *word)
{
    const char *name = base_name(word);
    for (size_t i = 0; name && i < COUNT(wrappers); i++)
        if (strcmp(wrappers[i].name, name) == 0)
            return &wrappers[i];
    return NULL;
}

static bool is_assignment(const char *word)
{
    const char *eq = strchr(word, '=');
    return eq && eq != word;
}

/* Index of the wrapped command, or argc. */
static int wrapped(const struct wrapper *w, int argc, const char *const *argv)
{
    int i = 1, own = w->own;
    for (; i < argc; i++) {
        const char *arg = argv[i];
        if (arg[0] == '-' && arg[1] && strcmp(arg, "--") != 0)
            i += arg[2] == '\0' && strchr(w->valued, arg[1]) ? 1 : 0;
        else if (strcmp(arg, "--") != 0 && !is_assignment(arg) && own-- <= 0)
            break;
    }
    return i < argc ? i : argc;
}

struct rl_command rl_vocab_command(const struct rl_vocab *v, int argc, const char *const *argv)
{
    enum { DEPTH = 4 };
    for (int depth = 0; argc > 0 && depth < DEPTH; depth++) {
        const struct wrapper *w = wrapper_find(argv[0]);
        const int at = w ? wrapped(w, argc, argv) : argc;
        if (at == argc)
            return rl_vocab_code(v, argv[0]);
        const bool busybox = strcmp(w->name, "busybox") == 0;
        argc -= at;
        argv += at;
        const struct rl_command inner = rl_vocab_code(v, argv[0]);
        if (busybox)
            return inner.class == RL_CLASS_UNKNOWN || inner.class == RL_CLASS_CUSTOM
                       ? class_code(v, "(probe)", RL_CLASS_UNKNOWN)
                       : inner;
    }
    return rl_vocab_code(v, argc > 0 ? argv[0] : "");
}
