/* options.c -- set -o and shopt: names, letters, defaults.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/shell.h"

const char *const sh_opt_names[OPT_COUNT] = {"allexport",
                                             "braceexpand",
                                             "emacs",
                                             "errexit",
                                             "errtrace",
                                             "functrace",
                                             "hashall",
                                             "histexpand",
                                             "history",
                                             "ignoreeof",
                                             "interactive-comments",
                                             "keyword",
                                             "monitor",
                                             "noclobber",
                                             "noexec",
                                             "noglob",
                                             "nolog",
                                             "notify",
                                             "nounset",
                                             "onecmd",
                                             "physical",
                                             "pipefail",
                                             "posix",
                                             "privileged",
                                             "verbose",
                                             "vi",
                                             "xtrace"};

const char *const sh_shopt_names[SHOPT_COUNT] = {"autocd",
                                                 "assoc_expand_once",
                                                 "cdable_vars",
                                                 "cdspell",
                                                 "checkhash",
                                                 "checkjobs",
                                                 "checkwinsize",
                                                 "cmdhist",
                                                 "compat31",
                                                 "compat32",
                                                 "compat40",
                                                 "compat41",
                                                 "compat42",
                                                 "compat43",
                                                 "compat44",
                                                 "complete_fullquote",
                                                 "direxpand",
                                                 "dirspell",
                                                 "dotglob",
                                                 "execfail",
                                                 "expand_aliases",
                                                 "extdebug",
                                                 "extglob",
                                                 "extquote",
                                                 "failglob",
                                                 "force_fignore",
                                                 "globasciiranges",
                                                 "globskipdots",
                                                 "globstar",
                                                 "gnu_errfmt",
                                                 "histappend",
                                                 "histreedit",
                                                 "histverify",
                                                 "hostcomplete",
                                                 "huponexit",
                                                 "inherit_errexit",
                                                 "interactive_comments",
                                                 "lastpipe",
                                                 "lithist",
                                                 "localvar_inherit",
                                                 "localvar_unset",
                                                 "login_shell",
                                                 "mailwarn",
                                                 "no_empty_cmd_completion",
                                                 "nocaseglob",
                                                 "nocasematch",
                                                 "noexpand_translation",
                                                 "nullglob",
                                                 "patsub_replacement",
                                                 "progcomp",
                                                 "progcomp_alias",
                                                 "promptvars",
                                                 "restricted_shell",
                                                 "shift_verbose",
                                                 "sourcepath",
                                                 "varredir_close",
                                                 "xpg_echo"};

/* Letters in the order of $-. */
static const struct {
    char letter;
    enum sh_opt opt;
} letters[] = {
    {'a', OPT_ALLEXPORT},  {'b', OPT_NOTIFY},      {'e', OPT_ERREXIT},   {'f', OPT_NOGLOB},
    {'h', OPT_HASHALL},    {'k', OPT_KEYWORD},     {'m', OPT_MONITOR},   {'n', OPT_NOEXEC},
    {'p', OPT_PRIVILEGED}, {'t', OPT_ONECMD},      {'u', OPT_NOUNSET},   {'v', OPT_VERBOSE},
    {'x', OPT_XTRACE},     {'B', OPT_BRACEEXPAND}, {'C', OPT_NOCLOBBER}, {'E', OPT_ERRTRACE},
    {'H', OPT_HISTEXPAND}, {'P', OPT_PHYSICAL},    {'T', OPT_FUNCTRACE}};

void sh_opt_defaults(struct shell *sh)
{
    static const enum sh_shopt on[] = {
        SHOPT_CHECKWINSIZE,       SHOPT_CMDHIST,       SHOPT_COMPLETE_FULLQUOTE,
        SHOPT_EXTQUOTE,           SHOPT_FORCE_FIGNORE, SHOPT_GLOBASCIIRANGES,
        SHOPT_GLOBSKIPDOTS,       SHOPT_HOSTCOMPLETE,  SHOPT_INTERACTIVE_COMMENTS,
        SHOPT_PATSUB_REPLACEMENT, SHOPT_PROGCOMP,      SHOPT_PROMPTVARS,
        SHOPT_SOURCEPATH};
    if (sh->dash)
        return;
    sh->opt[OPT_BRACEEXPAND] = sh->opt[OPT_HASHALL] = sh->opt[OPT_INTERACTIVE_COMMENTS] = true;
    for (size_t i = 0; i < sizeof on / sizeof *on; i++)
        sh->shopt[on[i]] = true;
}

int sh_opt_letter(struct shell *sh, int c)
{
    if (sh->dash) {
        static const char dash[] = "aefimnstuvxbCVEI";
        if (!strchr(dash, c))
            return -1;
        if (c == 'E')
            return OPT_EMACS;
        if (c == 'V')
            return OPT_VI;
        if (c == 'I')
            return OPT_IGNOREEOF;
    }
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].letter == c)
            return (int)letters[i].opt;
    return -1;
}

int sh_opt_named(const char *name)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if (strcmp(sh_opt_names[i], name) == 0)
            return i;
    return -1;
}

int sh_shopt_named(const char *name)
{
    for (int i = 0; i < SHOPT_COUNT; i++)
        if (strcmp(sh_shopt_names[i], name) == 0)
            return i;
    return -1;
}

void sh_opt_set(struct shell *sh, int o, bool on)
{
    sh->opt[o] = on;
    if (o == OPT_EMACS && on)
        sh->opt[OPT_VI] = false;
    if (o == OPT_VI && on)
        sh->opt[OPT_EMACS] = false;
    if (o == OPT_MONITOR)
        sh->job_control = on;
    if (o == OPT_POSIX) {
        sh->shopt[SHOPT_EXPAND_ALIASES] |= on;
        sh->shopt[SHOPT_INHERIT_ERREXIT] = on;
    }
}

void sh_flags(struct shell *sh, char *out, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < sizeof letters / sizeof *letters && k + 4 < n; i++) {
        if (letters[i].letter == 'h' && sh->dash)
            continue;
        if (letters[i].letter == 'k' && sh->interactive)
            out[k++] = 'i';
        if (sh->opt[letters[i].opt])
            out[k++] = letters[i].letter;
    }
    if (sh->from_c && !sh->dash)
        out[k++] = 'c';
    if (sh->from_stdin)
        out[k++] = 's';
    out[k] = 0;
}
