/* setup.c -- what an installation keeps: persona, host keys, seed; and the
 * image it shows.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/str.h"

static const char *const folders[] = {"keys", "log", "tty", "artefacts", "model", "empty", "image"};

static int make_dir(const char *path, mode_t mode, char *why, size_t n)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST) {
        str_fmt(why, n, "cannot make the folder %s: %s; set state.dir to a folder you may write",
                path, strerror(errno));
        return ERR_SYS;
    }
    return 0;
}

/* Makes dir and the folders above it that are missing. */
static int make_path(const char *dir, char *why, size_t n)
{
    char part[PATH_MAX];

    for (const char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/'))
        if (str_fmt(part, sizeof part, "%.*s", (int)(slash - dir), dir) && mkdir(part, 0755) < 0 &&
            errno != EEXIST)
            break;
    return make_dir(dir, 0750, why, n);
}

static int state_folders(struct role_setup *s, const char *dir, char *why, size_t n)
{
    static char real[PATH_MAX];
    char path[PATH_MAX];
    int r = make_path(dir, why, n);

    if (r == 0 && !realpath(dir, real)) {
        str_fmt(why, n, "cannot find the state folder %s: %s", dir, strerror(errno));
        r = ERR_SYS;
    }
    s->state_dir = real;
    for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++) {
        if (!str_fmt(path, sizeof path, "%s/%s", real, folders[i]))
            r = ERR_RANGE;
        else
            r = make_dir(path, strcmp(folders[i], "empty") == 0 ? 0755 : 0750, why, n);
    }
    return r;
}

/* Gives a folder and the files in it to the user, where they are not yet. */
static int give(const struct role_setup *s, const char *folder, char *why, size_t n)
{
    char path[PATH_MAX];
    const struct dirent *e;
    struct stat st;
    DIR *d;

    if (!str_fmt(path, sizeof path, "%s%s", s->state_dir, folder))
        return ERR_RANGE;
    d = opendir(path);
    if (!d || fchown(dirfd(d), s->uid, s->gid) < 0) {
        str_fmt(why, n, "cannot give %s to user %u: %s", path, (unsigned)s->uid, strerror(errno));
        if (d)
            closedir(d);
        return ERR_SYS;
    }
    while ((e = readdir(d)))
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_uid != s->uid && strcmp(e->d_name, "persona") != 0 &&
            fchownat(dirfd(d), e->d_name, s->uid, s->gid, AT_SYMLINK_NOFOLLOW) < 0)
            log_warn("cannot give %s/%s to user %u", path, e->d_name, (unsigned)s->uid);
    closedir(d);
    return 0;
}

/* The user to become when started as root; what roles write is given to it. */
static int run_user(struct role_setup *s, const char *name, char *why, size_t n)
{
    static const char *const owned[] = {"", "/log", "/tty", "/artefacts", "/model"};
    struct passwd *pw;
    int r = 0;

    s->uid = s->gid = 0;
    if (geteuid() != 0)
        return 0;
    pw = getpwnam(name);
    if (!pw || pw->pw_uid == 0) {
        str_fmt(why, n, "run.user '%s' %s: name an ordinary account ('nobody' will do)", name,
                pw ? "is root" : "does not exist");
        return ERR_NOTFOUND;
    }
    s->uid = pw->pw_uid;
    s->gid = pw->pw_gid;
    for (size_t i = 0; r == 0 && i < sizeof owned / sizeof *owned; i++)
        r = give(s, owned[i], why, n);
    return r;
}

/* One key of the installation: loaded, or made and kept. */
static int host_key(struct ssh_hostkeys *k, enum ssh_hostkey_type t, const char *dir, char *why,
                    size_t n)
{
    char path[PATH_MAX];
    struct buf b;
    int r;

    if (!str_fmt(path, sizeof path, "%s/keys/%s", dir, ssh_hostkey_file(t)))
        return ERR_RANGE;
    buf_init(&b, 64 * 1024);
    r = file_read(path, &b);
    if (r == 0) {
        r = ssh_hostkeys_load(k, t, buf_ptr(&b), buf_len(&b));
        if (r < 0)
            str_fmt(why, n, "%s is no usable host key: move it away and a new one is made", path);
    } else if (r == ERR_NOTFOUND) {
        r = ssh_hostkeys_generate(k, t);
        if (r == 0)
            r = ssh_hostkeys_save(k, t, &b);
        if (r == 0)
            r = file_write(path, buf_ptr(&b), buf_len(&b), 0600);
        if (r < 0)
            str_fmt(why, n, "cannot make the host key %s: %s", path, err_text(r));
    } else {
        str_fmt(why, n, "cannot read %s: %s", path, strerror(errno));
    }
    buf_wipe(&b);
    buf_done(&b);
    return r;
}

static int host_keys(struct role_setup *s, char *why, size_t n)
{
    struct ssh_hostkeys *k = ssh_hostkeys_new();

    if (!k)
        return ERR_NOMEM;
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        int r = host_key(k, (enum ssh_hostkey_type)t, s->state_dir, why, n);
        if (r < 0) {
            ssh_hostkeys_free(k);
            return r;
        }
    }
    s->keys = k;
    return 0;
}

const struct vfs_image *setup_image(const struct conf *conf, const char *state_dir)
{
    char path[PATH_MAX], why[256];
    struct vfs_image *im;
    const char *name = conf->image.path;

    if (!*name)
        name = str_fmt(path, sizeof path, "%s/image/debian12.img", state_dir) ? path : "";
    if (vfs_image_open(name, &im, why, sizeof why) == 0)
        return im;
    log_warn("%s; using the small built-in tree (tools/mkimage makes a whole one)", why);
    return vfs_image_builtin();
}

int setup_persona(struct persona *p, const char *state_dir, uint64_t seed,
                  const struct vfs_image *im, char *why, size_t n)
{
    char path[PATH_MAX], text[16384], what[200];
    struct clock clock;
    struct buf b;
    int r;

    if (!str_fmt(path, sizeof path, "%s/persona", state_dir))
        return ERR_RANGE;
    buf_init(&b, sizeof text - 1);
    r = file_read(path, &b);
    if (r == 0) {
        str_fmt(text, sizeof text, "%.*s", (int)buf_len(&b), (const char *)buf_ptr(&b));
        r = persona_parse(p, text, what, sizeof what);
        if (r < 0)
            str_fmt(why, n, "%s: %s; mend it or remove the file to draw a new persona", path, what);
    } else if (r == ERR_NOTFOUND) {
        clock_init(&clock);
        persona_draw(p, seed, clock_real_us(&clock), im);
        r = persona_print(p, text, sizeof text);
        if (r >= 0)
            r = file_write(path, text, strlen(text), 0600);
        if (r < 0)
            str_fmt(why, n, "cannot keep the persona in %s: %s", path, err_text(r));
    } else {
        str_fmt(why, n, "cannot read %s: %s", path, strerror(errno));
    }
    buf_done(&b);
    return r;
}

static unsigned core_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}

/* The machine's /etc/ssh shows the same keys as the server. */
static int show_host_keys(struct persona *p, const struct ssh_hostkeys *k)
{
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        struct buf b;
        buf_init(&b, sizeof p->host_keys[0] + 8);
        int r = ssh_hostkeys_public_line(k, (enum ssh_hostkey_type)t, "", &b);
        if (r == 0 && buf_len(&b) > 2) /* without the space and line feed at its end */
            str_fmt(p->host_keys[t], sizeof p->host_keys[t], "%.*s", (int)buf_len(&b) - 2,
                    (const char *)buf_ptr(&b));
        buf_done(&b);
        if (r < 0)
            return r;
    }
    return 0;
}

int setup_prepare(struct role_setup *s, const struct conf *conf, char *why, size_t n)
{
    static struct persona persona;
    int r;

    s->conf = conf;
    s->seed = (uint64_t)conf->seed;
    if (!s->seed && rng_secret(&s->seed, sizeof s->seed) < 0)
        return ERR_CRYPTO;
    s->sensors = conf->sensor.count ? (unsigned)conf->sensor.count : core_count();
    r = state_folders(s, conf->state.dir, why, n);
    if (r < 0)
        return r;
    s->image = setup_image(conf, s->state_dir);
    r = setup_persona(&persona, s->state_dir, s->seed, s->image, why, n);
    if (r == 0)
        r = host_keys(s, why, n);
    if (r == 0)
        r = show_host_keys(&persona, s->keys);
    if (r == 0)
        r = run_user(s, *conf->run.user ? conf->run.user : "nobody", why, n);
    s->persona = &persona;
    return r;
}
