/* test_image.c -- making images, opening them whole and damaged.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/str.h"
#include "vfs/image.h"
#include "vfs/make.h"
#include "vfs/tar.h"

struct output {
    _Alignas(8) uint8_t bytes[512 * 1024];
    uint64_t n;
};

static int output_write(void *ctx, uint64_t off, const void *p, size_t n)
{
    struct output *o = ctx;
    if (off + n > sizeof o->bytes)
        return ERR_LIMIT;
    memcpy(o->bytes + off, p, n);
    return 0;
}

static int put_node(struct vfs_make *m, const char *path, uint32_t mode, const char *text)
{
    struct vfs_make_meta meta = {.mode = mode, .mtime_ns = 5000000000};
    return vfs_make_put(m, path, &meta, text, text ? strlen(text) : 0);
}

static struct vfs_image *finish(struct vfs_make *m, struct output *o)
{
    struct vfs_image *im = NULL;
    assert_int_equal(vfs_make_finish(m, &o->n), 0);
    vfs_make_free(m);
    assert_int_equal(vfs_image_wrap(o->bytes, o->n, &im), 0);
    return im;
}

static void makes_what_was_put(void **state)
{
    (void)state;
    static struct output o;
    struct vfs_make_sink sink = {output_write, &o};
    struct vfs_make *m = vfs_make_new(&sink, 1000000000);
    assert_int_equal(put_node(m, "/usr/bin", S_IFDIR | 0755, NULL), 0);
    assert_int_equal(put_node(m, "/bin", S_IFLNK | 0777, "usr/bin"), 0);
    assert_int_equal(put_node(m, "./bin/a", S_IFREG | 0755, "same"), 0);
    assert_int_equal(put_node(m, "/bin/", S_IFDIR | 0755, NULL), 0); /* keeps the link */
    assert_int_equal(put_node(m, "/bin/b", S_IFREG | 04755, "same"), 0);
    assert_int_equal(vfs_make_link(m, "/usr/hard", "/bin/a"), 0);
    assert_int_equal(vfs_make_link(m, "/usr/hard2", "/bin/none"), ERR_NOTFOUND);
    assert_int_equal(put_node(m, "/bin/gone", S_IFREG | 0644, "x"), 0);
    assert_int_equal(vfs_make_remove(m, "/bin/gone"), 0);
    assert_int_equal(vfs_make_remove(m, "/bin/gone"), ERR_NOTFOUND);
    assert_int_equal(put_node(m, "/bin/a/x", S_IFREG | 0644, "x"), ERR_FORMAT);
    assert_int_equal(put_node(m, "/lost+found", S_IFDIR | 0700, NULL), 0);
    assert_int_equal(put_node(m, "/bin/a", S_IFREG | 0755, "newer"), 0);
    assert_int_equal(vfs_make_text(m, "ls --help", "Usage\n", 6), 0);
    assert_int_equal(vfs_make_text(m, "a", "", 0), 0);
    struct vfs_image *im = finish(m, &o);
    size_t n;
    assert_string_equal(vfs_image_text(im, "ls --help", &n), "Usage\n");
    assert_int_equal(n, 6);
    assert_string_equal(vfs_image_text(im, "a", NULL), "");
    assert_null(vfs_image_text(im, "b", &n));
    assert_string_equal(vfs_image_text_key(im, 0), "a");
    assert_null(vfs_image_text_key(im, 2));
    assert_memory_equal(vfs_image_data(im, vfs_image_find(im, "/bin/a"), &n), "newer", 5);
    assert_memory_equal(vfs_image_data(im, vfs_image_find(im, "/usr/hard"), &n), "same", 4);
    assert_ptr_equal(vfs_image_data(im, vfs_image_find(im, "/usr/hard"), &n),
                     vfs_image_data(im, vfs_image_find(im, "/bin/b"), &n)); /* stored once */
    assert_int_equal(vfs_image_find(im, "/"), 2);
    assert_int_equal(vfs_image_find(im, "/lost+found"), 11);
    assert_int_equal(vfs_image_find(im, "/bin/gone"), 0);
    assert_int_equal(vfs_image_find(im, "/usr/hard/x"), 0);
    assert_int_equal(vfs_image_find(im, "relative"), 0);
    assert_null(vfs_image_data(im, 2, &n));
    assert_null(vfs_image_data(im, 12345, &n));
    vfs_image_close(im);
}

/* Whatever bytes are turned over: an error, or an image that can be walked. */
static void visit(const struct vfs_image *im, struct arena *arena, const struct clock *clock)
{
    struct vfs_disk_conf conf = {.image = im, .arena = arena, .clock = clock, .type = "ext4"};
    struct vfs_fs *fs = vfs_disk_new(&conf);
    uint64_t todo[64] = {2};
    for (unsigned n = 1, seen = 0; n > 0 && seen < 500;) {
        struct vnode dir = {fs, todo[--n]}, up;
        struct vfs_dirent e;
        char buf[256];
        (void)!vfs_lookup(dir, NULL, "..", 2, &up);
        for (uint64_t cookie = 0; vfs_readdir(dir, NULL, &cookie, &e) == 1; seen++) {
            struct vnode v = {fs, e.ino};
            struct vfs_stat st;
            assert_true(strlen(e.name) == e.name_len);
            if (vfs_stat(v, NULL, &st) == 0 && S_ISDIR(st.mode) && n < 64)
                todo[n++] = e.ino;
            (void)!vfs_read(v, NULL, buf, sizeof buf, st.size / 2);
            (void)!vfs_readlink(v, NULL, buf, sizeof buf);
        }
    }
    vfs_free(fs);
}

static void damaged_images_are_refused_or_harmless(void **state)
{
    struct world *w = *state;
    static struct output o, bad;
    struct vfs_make_sink sink = {output_write, &o};
    struct vfs_make *m = vfs_make_new(&sink, 0);
    for (int i = 0; i < 40; i++) {
        char path[64];
        str_fmt(path, sizeof path, "/d%d/e/file%d", i % 5, i);
        assert_int_equal(put_node(m, path, S_IFREG | 0644, path), 0);
        str_fmt(path, sizeof path, "/d%d/link%d", i % 5, i);
        assert_int_equal(put_node(m, path, S_IFLNK | 0777, "e"), 0);
    }
    assert_int_equal(vfs_make_text(m, "key", "text", 4), 0);
    vfs_image_close(finish(m, &o));
    struct rng rng;
    rng_seed(&rng, 3);
    unsigned opened = 0;
    for (int i = 0; i < 20000; i++) {
        memcpy(bad.bytes, o.bytes, o.n);
        for (uint64_t k = 0, n = 1 + rng_below(&rng, 3); k < n; k++) {
            size_t where = rng_below(&rng, o.n);
            bad.bytes[where] =
                (uint8_t)(rng_below(&rng, 2) ? rng_u64(&rng) : bad.bytes[where] ^ 1u << (i & 7));
        }
        struct vfs_image *im;
        size_t n = rng_below(&rng, 20) ? o.n : rng_below(&rng, o.n);
        if (vfs_image_wrap(bad.bytes, n, &im) == 0) {
            visit(im, w->arena, &w->clock);
            vfs_image_close(im);
            opened++;
        }
    }
    assert_true(opened > 100 && opened < 19900);
}

static void opening_says_why_not(void **state)
{
    (void)state;
    struct vfs_image *im;
    char why[128];
    assert_int_equal(vfs_image_open("/nonexistent/image", &im, why, sizeof why), ERR_NOTFOUND);
    assert_non_null(strstr(why, "/nonexistent/image"));
    assert_int_equal(vfs_image_open("/proc/self/exe", &im, why, sizeof why), ERR_FORMAT);
    assert_non_null(strstr(why, "no disk image"));
}

static void the_built_in_tree_is_a_debian(void **state)
{
    (void)state;
    const struct vfs_image *im = vfs_image_builtin();
    assert_ptr_equal(im, vfs_image_builtin());
    size_t n;
    assert_memory_equal(vfs_image_data(im, vfs_image_find(im, "/etc/passwd"), &n), "root:x:0:", 9);
    assert_memory_equal(vfs_image_data(im, vfs_image_find(im, "/bin/busybox"), &n), "\177ELF", 4);
    assert_int_not_equal(vfs_image_find(im, "/usr/sbin/sshd"), 0);
    assert_true(vfs_image_inodes(im) > 300);
    assert_true(vfs_image_inodes(im) > vfs_image_find(im, "/usr/lib/openssh/sftp-server"));
}

struct told {
    char log[4096];
};

static int tell(void *ctx, const struct vfs_tar_entry *e)
{
    struct told *t = ctx;
    size_t n = strlen(t->log);
    str_fmt(t->log + n, sizeof t->log - n, "%s %o %u:%u %zu %s%s|", e->path, e->meta.mode,
            e->meta.uid, e->meta.gid, e->n, e->hard_link ? "=" : "",
            S_ISLNK(e->meta.mode) || e->hard_link ? e->link : "");
    return 0;
}

/* A header block as tar(5) describes it. */
static void put_header(uint8_t *b, const char *name, char type, unsigned mode, size_t size,
                       const char *link)
{
    memset(b, 0, 512);
    str_fmt((char *)b, 100, "%s", name);
    str_fmt((char *)b + 100, 8, "%07o", mode);
    str_fmt((char *)b + 108, 8, "%07o", 7);
    str_fmt((char *)b + 116, 8, "%07o", 8);
    str_fmt((char *)b + 124, 12, "%011zo", size);
    str_fmt((char *)b + 136, 12, "%011o", 1000);
    b[156] = (uint8_t)type;
    str_fmt((char *)b + 157, 100, "%s", link);
    memcpy(b + 257,
           "ustar\0"
           "00",
           8);
    memset(b + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++)
        sum += b[i];
    str_fmt((char *)b + 148, 8, "%06o", sum);
}

static int read_bytes(const uint8_t *p, size_t n, struct told *t)
{
    FILE *in = fmemopen((void *)p, n, "r");
    memset(t, 0, sizeof *t);
    int r = vfs_tar_read(in, tell, t);
    fclose(in);
    return r;
}

static void reads_tar(void **state)
{
    (void)state;
    static uint8_t tar[16 * 512];
    struct told t;
    put_header(tar, "./d/", '5', 0755, 0, "");
    put_header(tar + 512, "./d/f", '0', 04755, 5, "");
    memcpy(tar + 1024, "hello", 5);
    put_header(tar + 1536, "./h", '1', 0644, 0, "./d/f");
    memset(tar + 2048, 0, 1024); /* the end, and another archive */
    put_header(tar + 3072, "././@LongLink", 'L', 0, 5, "");
    memcpy(tar + 3584, "long", 5);
    put_header(tar + 4096, "short", '2', 0777, 0, "to");
    put_header(tar + 4608, "pax", 'x', 0, 26, "");
    memcpy(tar + 5120, "12 path=xyz\n14 mtime=12.5\n", 26);
    put_header(tar + 5632, "s", '0', 0600, 0, "");
    assert_int_equal(read_bytes(tar, 6144, &t), 0);
    assert_string_equal(t.log, "./d/ 40755 7:8 0 |./d/f 104755 7:8 5 |./h 100644 7:8 0 =./d/f|"
                               "long 120777 7:8 0 to|xyz 100600 7:8 0 |");
    tar[600] ^= 1;
    assert_int_equal(read_bytes(tar, 6144, &t), ERR_FORMAT);
    tar[600] ^= 1;
    assert_int_equal(read_bytes(tar, 1200, &t), ERR_FORMAT); /* cut off */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_was_put),
        T(damaged_images_are_refused_or_harmless),
        cmocka_unit_test(opening_says_why_not),
        cmocka_unit_test(the_built_in_tree_is_a_debian),
        cmocka_unit_test(reads_tar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
