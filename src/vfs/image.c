/* image.c -- opens disk images and finds things in them.
 *
 * Everything that an offset or a count could spoil is checked once when the
 * image is opened, in one pass over the tables (about a millisecond for a
 * whole server); after that, look-ups trust them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "vfs/image_priv.h"

static bool part_fits(const struct vfs_image *im, struct image_part p, size_t size)
{
    return p.off <= im->n && p.off % 8 == 0 && p.count <= (im->n - p.off) / size &&
           p.count < UINT32_MAX;
}

/* A NUL-terminated string begins at this offset of the names. */
static bool names_end_in_nul(const struct vfs_image *im)
{
    return im->h->names.count > 0 && im->names[im->h->names.count - 1] == 0;
}

static bool good_name(const struct vfs_image *im, uint32_t at)
{
    uint64_t pool = im->h->names.count;
    if (at >= pool)
        return false;
    size_t n = (uint8_t)im->names[at];
    const char *s = im->names + at + 1;
    if (n == 0 || n >= pool - at - 1 || s[n] != 0 || memchr(s, '/', n) || strlen(s) != n)
        return false;
    return !(s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')));
}

static bool good_data(const struct vfs_image *im, const struct image_inode *in)
{
    switch (in->mode & S_IFMT) {
    case S_IFREG:
        return in->data <= im->n && in->size <= im->n - in->data;
    case S_IFDIR:
        return in->size <= INT32_MAX && in->data <= im->h->entries.count &&
               in->more <= im->h->entries.count - in->data;
    case S_IFLNK: /* and its target ends where size says */
        return in->size > 0 && in->size < VFS_PATH_MAX && in->data < im->h->names.count &&
               in->size < im->h->names.count - in->data && strlen(im->names + in->data) == in->size;
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return true;
    default:
        return false;
    }
}

/* Entries are in order and lead forward; directories are where they say. */
static bool good_entries(const struct vfs_image *im, uint32_t dir)
{
    const struct image_inode *in = &im->inodes[dir];
    uint64_t before = 0;
    for (uint32_t i = 0; i < in->more; i++) {
        const struct image_entry *e = &im->entries[in->data + i];
        if (e->hash <= before || e->hash > INT64_MAX || !good_name(im, e->name) || e->inode == 0 ||
            e->inode >= im->h->inodes.count)
            return false;
        before = e->hash;
        const struct image_inode *child = &im->inodes[e->inode];
        if (S_ISDIR(child->mode) && (child->parent != dir || e->inode <= dir))
            return false;
    }
    return true;
}

static bool good_contents(const struct vfs_image *im)
{
    for (uint64_t i = 0; i < im->h->contents.count; i++) {
        const struct image_content *c = &im->contents[i];
        if (c->inode >= im->h->inodes.count || !S_ISREG(im->inodes[c->inode].mode) ||
            im->inodes[c->inode].size != c->size)
            return false;
    }
    return true;
}

static bool good_texts(const struct vfs_image *im)
{
    for (uint64_t i = 0; i < im->h->texts.count; i++) {
        const struct image_text *t = &im->texts[i];
        if (t->key >= im->h->names.count || t->off >= im->n || t->len >= im->n - t->off ||
            im->mem[t->off + t->len] != 0)
            return false;
    }
    return true;
}

static const char *check(struct vfs_image *im)
{
    const struct image_header *h = im->h;
    if (im->n < sizeof *h || memcmp(h->magic, IMAGE_MAGIC, 8) != 0)
        return "is no disk image";
    if (h->version != IMAGE_VERSION || h->page != IMAGE_PAGE ||
        h->hash_probe != hash_fixed("qrassh", 6, 1))
        return "was made by another version; build it again";
    if (h->bytes != im->n)
        return "is cut off";
    if (h->made_ns < 0 || h->made_ns > INT64_MAX / 2) /* room for arithmetic */
        return "is damaged (time)";
    if (!part_fits(im, h->inodes, sizeof *im->inodes) ||
        !part_fits(im, h->entries, sizeof *im->entries) ||
        !part_fits(im, h->contents, sizeof *im->contents) ||
        !part_fits(im, h->texts, sizeof *im->texts) || !part_fits(im, h->names, 1))
        return "is damaged (tables)";
    im->inodes = (const void *)(im->mem + h->inodes.off);
    im->entries = (const void *)(im->mem + h->entries.off);
    im->contents = (const void *)(im->mem + h->contents.off);
    im->texts = (const void *)(im->mem + h->texts.off);
    im->names = (const char *)im->mem + h->names.off;
    if (!names_end_in_nul(im))
        return "is damaged (names)";
    if (h->inodes.count == 0 || !S_ISDIR(im->inodes[0].mode) || im->inodes[0].parent != 0)
        return "is damaged (root)";
    for (uint32_t i = 0; i < h->inodes.count; i++) {
        const struct image_inode *in = &im->inodes[i];
        if (!good_data(im, in))
            return "is damaged (inodes)";
        if (S_ISDIR(in->mode) && ((i > 0 && in->parent >= i) || !good_entries(im, i)))
            return "is damaged (directories)";
    }
    if (!good_contents(im) || !good_texts(im))
        return "is damaged (indexes)";
    return NULL;
}

static int wrap(const void *mem, size_t n, struct vfs_image **out, const char **why)
{
    struct vfs_image *im = x_calloc(1, sizeof *im);
    if (!im)
        return ERR_NOMEM;
    im->mem = mem;
    im->n = n;
    im->h = mem;
    *why = (uintptr_t)mem % 8 ? "is not aligned" : check(im);
    if (*why) {
        x_free(im);
        return ERR_FORMAT;
    }
    *out = im;
    return 0;
}

int vfs_image_wrap(const void *mem, size_t n, struct vfs_image **out)
{
    const char *why;
    return wrap(mem, n, out, &why);
}

static int map_file(const char *path, void **mem, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
    struct stat st;
    int r = 0;
    if (fstat(fd, &st) != 0)
        r = ERR_IO;
    else if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(struct image_header))
        r = ERR_FORMAT;
    if (r == 0) {
        *n = (size_t)st.st_size;
        *mem = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (*mem == MAP_FAILED)
            r = ERR_IO;
    }
    close(fd);
    return r;
}

int vfs_image_open(const char *path, struct vfs_image **out, char *why, size_t why_n)
{
    void *mem;
    size_t n;
    const char *reason = NULL;
    int r = map_file(path, &mem, &n);
    if (r == 0) {
        r = wrap(mem, n, out, &reason);
        if (r)
            munmap(mem, n);
        else
            (*out)->mapped = true;
    } else if (r == ERR_FORMAT) {
        reason = "is no disk image";
    }
    if (r && why)
        str_fmt(why, why_n, "%s %s", path, reason ? reason : err_text(r));
    return r;
}

void vfs_image_close(struct vfs_image *im)
{
    if (!im)
        return;
    if (im->mapped)
        munmap((void *)im->mem, im->n);
    x_free(im);
}

uint64_t vfs_image_inodes(const struct vfs_image *im)
{
    return IMAGE_FIRST + im->h->inodes.count;
}

uint64_t vfs_image_id(const struct vfs_image *im)
{
    return im->h->id;
}

const char *vfs_image_text(const struct vfs_image *im, const char *key, size_t *n)
{
    uint64_t lo = 0, hi = im->h->texts.count;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        const struct image_text *t = &im->texts[mid];
        int c = strcmp(key, im->names + t->key);
        if (c == 0) {
            if (n)
                *n = t->len;
            return (const char *)im->mem + t->off;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const char *vfs_image_text_key(const struct vfs_image *im, uint64_t i)
{
    return i < im->h->texts.count ? im->names + im->texts[i].key : NULL;
}

const void *vfs_image_data(const struct vfs_image *im, uint64_t ino, size_t *n)
{
    const struct image_inode *in = image_inode(im, ino);
    if (!in || !S_ISREG(in->mode))
        return NULL;
    *n = in->size;
    return im->mem + in->data;
}

const struct image_entry *image_entry_from(const struct vfs_image *im,
                                           const struct image_inode *dir, uint64_t from)
{
    const struct image_entry *first = &im->entries[dir->data];
    uint32_t lo = 0, hi = dir->more;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (first[mid].hash < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < dir->more ? &first[lo] : NULL;
}

const struct image_entry *image_lookup(const struct vfs_image *im, const struct image_inode *dir,
                                       const char *name, size_t n)
{
    uint64_t hash = image_name_hash(name, n);
    const struct image_entry *e = image_entry_from(im, dir, hash);
    if (!e || e->hash != hash)
        return NULL;
    size_t len;
    const char *s = image_name(im, e, &len);
    return len == n && memcmp(s, name, n) == 0 ? e : NULL;
}

uint64_t vfs_image_find(const struct vfs_image *im, const char *path)
{
    uint64_t at = IMAGE_ROOT;
    unsigned links = 0;
    char walked[VFS_PATH_MAX];
    if (path[0] != '/' || !str_copy(walked, sizeof walked, path))
        return 0;
    for (char *rest = walked; *(rest += strspn(rest, "/")) != 0;) {
        size_t n = strcspn(rest, "/");
        const struct image_inode *dir = image_inode(im, at), *child;
        if (!S_ISDIR(dir->mode))
            return 0;
        bool up = n == 2 && rest[0] == '.' && rest[1] == '.';
        uint64_t next = up ? image_ino(dir->parent) : at;
        if (!up && !(n == 1 && rest[0] == '.')) {
            const struct image_entry *e = image_lookup(im, dir, rest, n);
            if (!e)
                return 0;
            next = image_ino(e->inode);
        }
        rest += n;
        child = image_inode(im, next);
        if (S_ISLNK(child->mode) && *rest) {
            char joined[VFS_PATH_MAX];
            if (++links > VFS_LINKS_MAX ||
                !str_fmt(joined, sizeof joined, "%s%s", im->names + child->data, rest))
                return 0;
            memcpy(walked, joined, strlen(joined) + 1);
            rest = walked;
            if (walked[0] == '/')
                at = IMAGE_ROOT;
        } else {
            at = next;
        }
    }
    return at;
}

static uint64_t content_from(const struct vfs_image *im, uint64_t size, uint64_t hash)
{
    uint64_t lo = 0, hi = im->h->contents.count;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        const struct image_content *c = &im->contents[mid];
        if (c->size < size || (c->size == size && c->hash < hash))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool image_has_size(const struct vfs_image *im, uint64_t size)
{
    uint64_t i = content_from(im, size, 0);
    return i < im->h->contents.count && im->contents[i].size == size;
}

uint64_t image_by_content(const struct vfs_image *im, const void *p, size_t n)
{
    uint64_t hash = hash_fixed(p, n, n);
    for (uint64_t i = content_from(im, n, hash); i < im->h->contents.count; i++) {
        const struct image_content *c = &im->contents[i];
        if (c->size != n || c->hash != hash)
            break;
        if (memcmp(im->mem + im->inodes[c->inode].data, p, n) == 0)
            return image_ino(c->inode);
    }
    return 0;
}
