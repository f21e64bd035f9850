/* text.c -- fills {placeholders} in the texts of the data files.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "policy/text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *letters;
} optargs[] = {
#define OPTARGS(name, letters) {name, letters},
#define BLOCK(name, status, text)
#include "../../data/blocks.def"
#undef OPTARGS
#undef BLOCK
};

const char *policy_text_name(const struct policy_command *c)
{
    const char *slash = strrchr(c->argv[0], '/');

    return slash && slash[1] ? slash + 1 : c->argv[0];
}

static const char *letters_of(const struct policy_command *c)
{
    const char *name = policy_text_name(c);

    for (size_t i = 0; i < sizeof optargs / sizeof optargs[0]; i++)
        if (strcmp(optargs[i].name, name) == 0)
            return optargs[i].letters;
    return "";
}

const char *policy_text_operand(const struct policy_command *c, unsigned n)
{
    const char *letters = letters_of(c);
    bool all = false;

    for (int i = 1; i < c->argc; i++) {
        const char *w = c->argv[i];
        if (!all && strcmp(w, "--") == 0) {
            all = true;
        } else if (!all && w[0] == '-' && w[1]) {
            if (w[1] != '-' && strchr(letters, w[strlen(w) - 1]))
                i++;
        } else if (n-- == 0) {
            return w;
        }
    }
    return NULL;
}

bool policy_text_option(const struct policy_command *c, char letter)
{
    for (int i = 1; i < c->argc; i++) {
        const char *w = c->argv[i];
        if (strcmp(w, "--") == 0)
            return false;
        /* ps and tar know clusters without a dash */
        if ((w[0] == '-' && w[1] != '-' && strchr(w, letter)) ||
            (i == 1 && w[0] != '-' && strlen(w) <= 5 && strcmp(policy_text_name(c), "ps") == 0 &&
             strchr(w, letter)))
            return true;
    }
    return false;
}

/* --- URLs ------------------------------------------------------------------- */

static bool looks_like_url(const struct policy_command *c, const char *w)
{
    const char *name = policy_text_name(c);

    if (strstr(w, "://"))
        return true;
    return (strcmp(name, "wget") == 0 || strcmp(name, "curl") == 0) && strchr(w, '.');
}

static void url_split(const char *w, struct policy_url *u)
{
    const char *scheme = strstr(w, "://"), *at, *end;

    *u = (struct policy_url){.text = w, .text_n = (int)strnlen(w, 4096), .bare = !scheme};
    u->port = !scheme                       ? 80
              : strncmp(w, "https", 5) == 0 ? 443
              : strncmp(w, "ftp", 3) == 0   ? 21
                                            : 80;
    u->host = scheme ? scheme + 3 : w;
    end = u->host + strcspn(u->host, "/?#");
    at = memchr(u->host, '@', (size_t)(end - u->host));
    if (at)
        u->host = at + 1;
    u->host_n = (int)strcspn(u->host, ":/?#");
    if (u->host_n > 255)
        u->host_n = 255;
    if (u->host[u->host_n] == ':') {
        unsigned port = 0;
        for (const char *d = u->host + u->host_n + 1; *d >= '0' && *d <= '9' && port < 65536; d++)
            port = port * 10 + (unsigned)(*d - '0');
        u->port = port;
    }
    u->ip = u->host_n && (int)strspn(u->host, "0123456789.") >= u->host_n;
    u->file = end;
    for (const char *s = end; *s && *s != '?' && *s != '#'; s++)
        if (*s == '/')
            u->file = s + 1;
    u->file_n = (int)strcspn(u->file, "?#");
    if (u->file_n > 255)
        u->file_n = 255;
}

bool policy_text_url(const struct policy_command *c, struct policy_url *u)
{
    const char *w;

    for (unsigned i = 0; i < POLICY_TEXT_REPEAT && (w = policy_text_operand(c, i)); i++)
        if (looks_like_url(c, w)) {
            url_split(w, u);
            return true;
        }
    return false;
}

/* --- values ------------------------------------------------------------------- */

struct value {
    const char *p;
    int n;
};

static struct value text_of(const char *s)
{
    return (struct value){s, s ? (int)strnlen(s, 4096) : 0};
}

static const char *last_operand(const struct policy_command *c)
{
    const char *w, *last = NULL;

    for (unsigned i = 0; i < 4 * POLICY_TEXT_REPEAT && (w = policy_text_operand(c, i)); i++)
        last = w;
    return last;
}

static struct value url_value(const struct policy_command *c, const char *key, char num[16])
{
    struct policy_url u;

    if (!policy_text_url(c, &u))
        return (struct value){NULL, 0};
    if (strcmp(key, "host") == 0)
        return (struct value){u.host, u.host_n};
    if (strcmp(key, "file") == 0)
        return (struct value){u.file_n ? u.file : NULL, u.file_n};
    if (strcmp(key, "url") == 0)
        return (struct value){u.text, u.text_n};
    snprintf(num, 16, "%u", u.port);
    return text_of(num);
}

static const char *dd_output(const struct policy_command *c)
{
    for (int i = 1; i < c->argc; i++)
        if (strncmp(c->argv[i], "of=", 3) == 0)
            return c->argv[i] + 3;
    return NULL;
}

/* Values that the command alone decides; p NULL if it has none. turn: which
 * operand {*} stands for. */
static struct value command_value(const struct policy_command *c, const char *key, unsigned turn,
                                  char num[16])
{
    if (strcmp(key, "sh") == 0)
        return text_of(c->shell);
    if (strcmp(key, "0") == 0)
        return text_of(c->argv[0]);
    if (strcmp(key, "path") == 0)
        return text_of(c->path ? c->path : c->argv[0]);
    if (strcmp(key, "a") == 0)
        return text_of(policy_text_operand(c, 0));
    if (strcmp(key, "z") == 0)
        return text_of(last_operand(c));
    if (strcmp(key, "*") == 0)
        return text_of(policy_text_operand(c, turn));
    if (strcmp(key, "*2") == 0)
        return text_of(policy_text_operand(c, turn + 1));
    if (strcmp(key, "of") == 0)
        return text_of(dd_output(c));
    return url_value(c, key, num);
}

static struct value env_value(const struct policy_text_env *e, const char *key, unsigned turn,
                              char num[16])
{
    if (strcmp(key, "lq") == 0)
        return text_of(e->utf8 ? "\u2018" : "'");
    if (strcmp(key, "rq") == 0)
        return text_of(e->utf8 ? "\u2019" : "'");
    if (strcmp(key, "now") == 0)
        return text_of(e->now);
    if (strcmp(key, "kernel") == 0)
        return text_of(e->kernel);
    if (strcmp(key, "name") == 0)
        return text_of(e->name);
    if (strcmp(key, "cpus") == 0) {
        snprintf(num, 16, "%u", e->cpus);
        return text_of(num);
    }
    return command_value(e->command, key, turn, num);
}

/* Splits "{key|otherwise}" at text; the byte behind it, or NULL if it is none. */
static const char *placeholder(const char *text, char key[16], struct value *otherwise)
{
    size_t n = strcspn(text + 1, "|}"), all = strcspn(text, "}");

    if (!text[all] || n >= 16)
        return NULL;
    memcpy(key, text + 1, n);
    key[n] = '\0';
    *otherwise = (struct value){NULL, 0};
    if (text[1 + n] == '|')
        *otherwise = (struct value){text + n + 2, (int)(all - n - 2)};
    return text + all + 1;
}

bool policy_text_fits(const struct policy_command *c, const char *text)
{
    static const char *const given[] = {"lq", "rq", "now", "kernel", "name", "cpus"};
    char key[16], num[16];
    struct value otherwise;

    for (const char *at = text; (at = strchr(at, '{'));) {
        const char *next = placeholder(at, key, &otherwise);
        bool known = !next || otherwise.p;
        for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
            known |= next && strcmp(key, given[i]) == 0;
        if (!known && !command_value(c, key, 0, num).p)
            return false;
        at = next ? next : at + 1;
    }
    return true;
}

/* One line, for one operand. */
static void render_line(struct str *out, const struct policy_text_env *env, struct value line,
                        unsigned turn)
{
    char key[16], num[16];
    struct value otherwise;

    for (const char *at = line.p, *end = line.p + line.n; at < end;) {
        const char *open = memchr(at, '{', (size_t)(end - at));
        const char *next = open ? placeholder(open, key, &otherwise) : NULL;
        if (!next) {
            str_add(out, at, (size_t)(end - at));
            return;
        }
        str_add(out, at, (size_t)(open - at));
        struct value v = env_value(env, key, turn, num);
        if (!v.p)
            v = otherwise;
        if (v.p && out->n < POLICY_TEXT_MAX)
            str_add(out, v.p, (size_t)v.n);
        at = next;
    }
}

static bool has(struct value line, const char *word)
{
    return memmem(line.p, (size_t)line.n, word, strlen(word)) != NULL;
}

void policy_text_render(struct str *out, const struct policy_text_env *env, const char *text)
{
    while (*text && out->n < POLICY_TEXT_MAX) {
        size_t n = strcspn(text, "\n");
        struct value line = {text, (int)(n + (text[n] == '\n'))};
        unsigned first = has(line, "{*2}");
        unsigned turns = first || has(line, "{*}") ? POLICY_TEXT_REPEAT : 1;
        for (unsigned i = 0; i < turns && out->n < POLICY_TEXT_MAX; i++) {
            if (turns > 1 && !policy_text_operand(env->command, first + i))
                break;
            render_line(out, env, line, i);
        }
        text += line.n;
    }
}
