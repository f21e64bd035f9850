/* bi_set.c -- set, shopt, getopts, ulimit.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/resource.h>

#include "shell/builtin.h"
#include "shell/text.h"

static void print_options(struct shell *sh, bool commands)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        if (commands)
            out_printf(sh, "set %co %s\n", sh->opt[i] ? '-' : '+', sh_opt_names[i]);
        else
            out_printf(sh, "%-15s\t%s\n", sh_opt_names[i], sh->opt[i] ? "on" : "off");
    }
}

static void print_dash_options(struct shell *sh, bool reusable)
{
    static const struct {
        const char *name;
        int opt;
    } list[] = {{"errexit", OPT_ERREXIT},
                {"noglob", OPT_NOGLOB},
                {"ignoreeof", OPT_IGNOREEOF},
                {"interactive", -1},
                {"monitor", OPT_MONITOR},
                {"noexec", OPT_NOEXEC},
                {"stdin", -2},
                {"xtrace", OPT_XTRACE},
                {"verbose", OPT_VERBOSE},
                {"vi", OPT_VI},
                {"emacs", OPT_EMACS},
                {"noclobber", OPT_NOCLOBBER},
                {"allexport", OPT_ALLEXPORT},
                {"notify", OPT_NOTIFY},
                {"nounset", OPT_NOUNSET},
                {"privileged", OPT_PRIVILEGED},
                {"nolog", OPT_NOLOG},
                {"debug", -3}};
    if (!reusable)
        out_puts(sh, "Current option settings\n");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        bool on = list[i].opt >= 0    ? sh->opt[list[i].opt]
                  : list[i].opt == -1 ? sh->interactive
                  : list[i].opt == -2 ? sh->from_stdin
                                      : false;
        if (reusable)
            out_printf(sh, "set %co %s\n", on ? '-' : '+', list[i].name);
        else
            out_printf(sh, "%-16s%s\n", list[i].name, on ? "on" : "off");
    }
}

static void print_variables(struct shell *sh)
{
    size_t n;
    struct var **v = var_sorted(sh, "", &n);
    for (size_t i = 0; i < n; i++) {
        struct str s;
        str_init(&s, sh->tmp);
        bool arr = v[i]->flags & (VAR_ARRAY | VAR_ASSOC);
        const char *val = arr ? NULL : var_value(sh, v[i]);
        if (!arr && !val)
            continue;
        if (v[i]->dyn && v[i]->dyn != DYN_UNDERSCORE && !sh->dash && !arr &&
            !(v[i]->flags & VAR_READONLY))
            continue;
        if (arr && !v[i]->dyn && !v[i]->arr)
            continue;
        str_printf(&s, "%s=", v[i]->name);
        if (arr)
            decl_array_value(sh, &s, v[i]);
        else if (sh->dash)
            text_quote_single(&s, val);
        else
            text_quote_value(&s, val);
        str_putc(&s, '\n');
        out_add(sh, s.s, s.n);
        arena_release(sh->tmp, NULL, 0);
    }
    if (sh->opt[OPT_POSIX] || sh->dash)
        return;
    int nf;
    struct sh_func **f = func_sorted(sh, &nf);
    for (int i = 0; i < nf; i++) {
        struct str s;
        str_init(&s, sh->tmp);
        print_function(&s, f[i]->node);
        out_add(sh, s.s, s.n);
    }
}

static int set_named(struct shell *sh, const char *name, bool on)
{
    int o = sh_opt_named(name);
    if (o >= 0 && !(sh->dash && o == OPT_PIPEFAIL)) {
        sh_opt_set(sh, o, on);
        return 0;
    }
    if (sh->dash) {
        sh_berror(sh, "Illegal option %co %s", on ? '-' : '+', name);
        sh_exit(sh, 2);
    }
    sh_berror(sh, "%s: invalid option name", name);
    return 2;
}

int bi_set(struct shell *sh, int argc, char **argv)
{
    if (argc == 1) {
        print_variables(sh);
        return 0;
    }
    int i = 1, status = 0;
    bool operands = false;
    for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+'); i++) {
        bool on = argv[i][0] == '-';
        if (!argv[i][1]) { /* - alone: x and v off, the rest are operands */
            if (on) {
                sh->opt[OPT_XTRACE] = sh->opt[OPT_VERBOSE] = false;
                i++;
                operands = i < argc;
            } else {
                i++;
                operands = true;
            }
            break;
        }
        if (strcmp(argv[i], "--") == 0) {
            i++;
            operands = true;
            break;
        }
        for (const char *s = argv[i] + 1; *s; s++) {
            if (*s == 'o') {
                if (i + 1 >= argc || (!sh->dash && s[1])) {
                    if (sh->dash)
                        print_dash_options(sh, !on);
                    else
                        print_options(sh, !on);
                    continue;
                }
                status = set_named(sh, argv[++i], on);
                if (status)
                    return status;
                continue;
            }
            int o = sh_opt_letter(sh, *s);
            if (o < 0 || *s == 's') {
                if (sh->dash) {
                    sh_berror(sh, "Illegal option %c%c", on ? '-' : '+', *s);
                    sh_exit(sh, 2);
                }
                sh_berror(sh, "%c%c: invalid option", on ? '-' : '+', *s);
                return usage(sh);
            }
            sh_opt_set(sh, o, on);
        }
    }
    if (i < argc || operands)
        sh_args_set(sh, argv + i, argc - i);
    return status;
}

/* --- shopt ------------------------------------------------------------------------------------ */

int bi_shopt(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool set = false, unset = false, quiet = false, print = false, opts = false;
    while ((c = opts_next(sh, &o, argc, argv, "psuqo")) != -1) {
        if (c == '?')
            return 2;
        set |= c == 's';
        unset |= c == 'u';
        quiet |= c == 'q';
        print |= c == 'p';
        opts |= c == 'o';
    }
    if (set && unset) {
        sh_berror(sh, "cannot set and unset shell options simultaneously");
        return 1;
    }
    int count = opts ? OPT_COUNT : SHOPT_COUNT;
    const char *const *names = opts ? sh_opt_names : sh_shopt_names;
    bool *values = opts ? sh->opt : sh->shopt;
    bool all = o.i >= argc;
    for (int i = all ? 0 : o.i; i < (all ? count : argc); i++) {
        int k = all ? i : opts ? sh_opt_named(argv[i]) : sh_shopt_named(argv[i]);
        if (k < 0) {
            sh_berror(sh, "%s: invalid %s name", argv[i], opts ? "option" : "shell option");
            status = 1;
            continue;
        }
        if (all && (set || unset) && values[k] != set)
            continue;
        if (!all && (set || unset)) {
            if (opts)
                sh_opt_set(sh, k, set);
            else if (k != SHOPT_LOGIN_SHELL && k != SHOPT_RESTRICTED_SHELL)
                values[k] = set;
            continue;
        }
        if (!all && !values[k])
            status = 1;
        if (quiet)
            continue;
        if (print && opts)
            out_printf(sh, "set %co %s\n", values[k] ? '-' : '+', names[k]);
        else if (print)
            out_printf(sh, "shopt -%c %s\n", values[k] ? 's' : 'u', names[k]);
        else
            out_printf(sh, "%-15s\t%s\n", names[k], values[k] ? "on" : "off");
    }
    return status;
}

/* --- getopts -------------------------------------------------------------------------------------
 */

static int getopts_end(struct shell *sh, const char *name, int64_t ind)
{
    var_set_int(sh, "OPTIND", ind);
    sh->optpos = 0;
    var_set(sh, name, "?");
    var_unset(sh, "OPTARG");
    return 1;
}

int bi_getopts(struct shell *sh, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        argc--, argv++;
    if (argc < 3) {
        if (sh->dash) {
            sh_berror(sh, "Usage: getopts optstring var [arg...]");
            return 2;
        }
        return usage(sh);
    }
    const char *opts = argv[1], *name = argv[2];
    char **v = argc > 3 ? argv + 3 : sh->args.v;
    int n = argc > 3 ? argc - 3 : sh->args.n;
    int64_t ind = 1;
    const char *s = var_get(sh, "OPTIND");
    if (s && str_int(s, INT32_MIN, INT32_MAX, &ind) != 0)
        ind = 1;
    if (ind < 1) {
        ind = 1;
        sh->optpos = 0;
    }
    if (!lex_is_name(name, strlen(name))) {
        sh_berror(sh, "`%s': not a valid identifier", name);
        return 1;
    }
    bool silent = *opts == ':';
    const char *err = var_get(sh, "OPTERR");
    bool say = !silent && !(err && strcmp(err, "0") == 0);
    if (ind > n)
        return getopts_end(sh, name, n + 1 < ind ? ind : n + 1);
    const char *arg = v[ind - 1];
    if (sh->optpos == 0) {
        if (arg[0] != '-' || !arg[1])
            return getopts_end(sh, name, ind);
        if (strcmp(arg, "--") == 0)
            return getopts_end(sh, name, ind + 1);
        sh->optpos = 1;
    }
    if ((size_t)sh->optpos >= strlen(arg))
        sh->optpos = 1;
    char c = arg[sh->optpos++];
    char letter[2] = {c, 0};
    int pos = sh->optpos;
    const char *f = c == ':' ? NULL : strchr(opts, c);
    if (!arg[pos]) {
        ind++;
        pos = 0;
    }
    if (!f) {
        var_set_int(sh, "OPTIND", ind);
        sh->optpos = pos;
        var_set(sh, name, "?");
        if (silent)
            var_set(sh, "OPTARG", letter);
        else
            var_unset(sh, "OPTARG");
        if (say) {
            struct str m;
            str_init(&m, sh->tmp);
            str_printf(&m, sh->dash ? "Illegal option -%s\n" : "%s: illegal option -- %s\n",
                       sh->dash ? letter : sh->dollar0, letter);
            (void)vm_write_all(sh->p, 2, m.s, m.n);
        }
        return 0;
    }
    if (f[1] == ':') {
        const char *value = pos ? arg + pos : ind <= n ? v[ind - 1] : NULL;
        ind++;
        if (!value) {
            var_set_int(sh, "OPTIND", ind - 1);
            sh->optpos = 0;
            var_set(sh, name, silent ? ":" : "?");
            if (silent)
                var_set(sh, "OPTARG", letter);
            else
                var_unset(sh, "OPTARG");
            if (say) {
                struct str m;
                str_init(&m, sh->tmp);
                if (sh->dash)
                    str_printf(&m, "No arg for -%s option\n", letter);
                else
                    str_printf(&m, "%s: option requires an argument -- %s\n", sh->dollar0, letter);
                (void)vm_write_all(sh->p, 2, m.s, m.n);
            }
            return 0;
        }
        var_set(sh, "OPTARG", value);
        pos = 0;
    } else {
        var_unset(sh, "OPTARG");
    }
    var_set_int(sh, "OPTIND", ind);
    sh->optpos = pos;
    var_set(sh, name, letter);
    return 0;
}

/* --- ulimit
 * ------------------------------------------------------------------------------------------ */

static const struct {
    char letter;
    int which;
    uint64_t unit;
    const char *name, *units;
} limits[] = {{'R', -1, 1, "real-time non-blocking time", "microseconds"},
              {'c', RLIMIT_CORE, 512, "core file size", "blocks"},
              {'d', RLIMIT_DATA, 1024, "data seg size", "kbytes"},
              {'e', RLIMIT_NICE, 1, "scheduling priority", ""},
              {'f', RLIMIT_FSIZE, 1024, "file size", "blocks"},
              {'i', RLIMIT_SIGPENDING, 1, "pending signals", ""},
              {'l', RLIMIT_MEMLOCK, 1024, "max locked memory", "kbytes"},
              {'m', RLIMIT_RSS, 1024, "max memory size", "kbytes"},
              {'n', RLIMIT_NOFILE, 1, "open files", ""},
              {'p', -2, 512, "pipe size", "512 bytes"},
              {'q', RLIMIT_MSGQUEUE, 1, "POSIX message queues", "bytes"},
              {'r', RLIMIT_RTPRIO, 1, "real-time priority", ""},
              {'s', RLIMIT_STACK, 1024, "stack size", "kbytes"},
              {'t', RLIMIT_CPU, 1, "cpu time", "seconds"},
              {'u', RLIMIT_NPROC, 1, "max user processes", ""},
              {'v', RLIMIT_AS, 1024, "virtual memory", "kbytes"},
              {'x', RLIMIT_LOCKS, 1, "file locks", ""}};

static void limit_text(struct shell *sh, size_t i, bool hard, char *out, size_t n)
{
    uint64_t soft = UINT64_MAX, h = UINT64_MAX;
    if (limits[i].which == -2) {
        (void)str_fmt(out, n, "8");
        return;
    }
    if (limits[i].which >= 0)
        (void)vm_getrlimit(sh->p, limits[i].which, &soft, &h);
    uint64_t v = hard ? h : soft;
    if (v == UINT64_MAX)
        (void)str_fmt(out, n, "unlimited");
    else
        (void)str_fmt(out, n, "%llu", (unsigned long long)(v / limits[i].unit));
}

static int limit_set(struct shell *sh, size_t i, const char *arg, bool soft, bool hard)
{
    uint64_t s, h, v;
    int64_t n;
    if (limits[i].which < 0) {
        sh_berror(sh, "%s: cannot modify limit: Invalid argument", limits[i].name);
        return 1;
    }
    (void)vm_getrlimit(sh->p, limits[i].which, &s, &h);
    if (strcmp(arg, "unlimited") == 0)
        v = UINT64_MAX;
    else if (strcmp(arg, "hard") == 0)
        v = h;
    else if (strcmp(arg, "soft") == 0)
        v = s;
    else if (str_int(arg, 0, INT64_MAX / 1024, &n) == 0)
        v = (uint64_t)n * limits[i].unit;
    else {
        sh_berror(sh, "%s: invalid number", arg);
        return 1;
    }
    int err = vm_setrlimit(sh->p, limits[i].which, soft ? v : s, hard ? v : h);
    if (err < 0) {
        sh_berror(sh, "%s: cannot modify limit: %s", limits[i].name, vm_strerror(-err));
        return 1;
    }
    return 0;
}

int bi_ulimit(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    bool soft = false, hard = false, all = false;
    char which = 'f', text[32];
    while ((c = opts_next(sh, &o, argc, argv,
                          sh->dash ? "HSatfdscmlpnvwr" : "HSacdefilmnpqrstuvxR")) != -1) {
        if (c == '?')
            return 2;
        if (c == 'H')
            hard = true;
        else if (c == 'S')
            soft = true;
        else if (c == 'a')
            all = true;
        else
            which = (char)c;
    }
    size_t n = sizeof limits / sizeof *limits;
    if (all) {
        for (size_t i = 0; i < n; i++) {
            char unit[40];
            if (*limits[i].units)
                (void)str_fmt(unit, sizeof unit, "(%s, -%c) ", limits[i].units, limits[i].letter);
            else
                (void)str_fmt(unit, sizeof unit, "(-%c) ", limits[i].letter);
            limit_text(sh, i, hard, text, sizeof text);
            out_printf(sh, "%-20s %20s%s\n", limits[i].name, unit, text);
        }
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (limits[i].letter != which)
            continue;
        if (o.i < argc)
            return limit_set(sh, i, argv[o.i], soft || !hard, hard || !soft);
        limit_text(sh, i, hard, text, sizeof text);
        out_printf(sh, "%s\n", text);
    }
    return 0;
}
