/*
 * The peer of tests/TransportBench/MemoryFilesystem.cs: the same filesystem in memory on libfuse's low-level API, to measure against.
 * cc -O2 -o memfs memfs.c $(pkg-config fuse3 --cflags --libs) -lpthread
 * memfs MOUNTPOINT [THREADS]
 */
#define FUSE_USE_VERSION 314
#define _GNU_SOURCE
#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CHUNK_BYTES 65536u
#define CACHE_S 3600.0
#define MAX_REPLY_BYTES (1u << 20)

struct node;

struct entry {
    char *name;
    struct node *node;
};

/* Entries in the order of their creation (the place is the readdir cookie), and an open hash table of places. */
struct directory {
    struct entry *slots;
    size_t slot_count, slot_room, live;
    size_t *table; /* place + 1; 0 is empty, SIZE_MAX a tombstone */
    size_t table_size, table_used;
};

struct node {
    pthread_mutex_t lock; /* data and attributes; taken after the global lock */
    struct stat attr;
    uint64_t lookups; /* guarded by the global lock */
    char **chunks;
    size_t chunk_count;
    char *target;
    struct directory *dir;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *root;
static uint64_t next_ino = 1;

static struct node *node_of(fuse_ino_t ino) { return ino == FUSE_ROOT_ID ? root : (struct node *)ino; }

static fuse_ino_t id_of(struct node *n) { return n == root ? FUSE_ROOT_ID : (fuse_ino_t)n; }

static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

static void table_put(struct directory *d, size_t place)
{
    size_t i = hash_name(d->slots[place].name) & (d->table_size - 1);
    while (d->table[i] != 0 && d->table[i] != SIZE_MAX)
        i = (i + 1) & (d->table_size - 1);
    d->table_used += d->table[i] == 0;
    d->table[i] = place + 1;
}

static void table_grow(struct directory *d)
{
    free(d->table);
    d->table_size = 64;
    while (d->table_size < d->live * 4)
        d->table_size *= 2;
    d->table = calloc(d->table_size, sizeof *d->table);
    d->table_used = 0;
    for (size_t i = 0; i < d->slot_count; i++)
        if (d->slots[i].node)
            table_put(d, i);
}

static size_t *find(struct directory *d, const char *name)
{
    if (d->table_size == 0)
        return NULL;
    for (size_t i = hash_name(name) & (d->table_size - 1); d->table[i] != 0; i = (i + 1) & (d->table_size - 1))
        if (d->table[i] != SIZE_MAX && strcmp(d->slots[d->table[i] - 1].name, name) == 0)
            return &d->table[i];
    return NULL;
}

static struct node *lookup_in(struct directory *d, const char *name)
{
    size_t *at = find(d, name);
    return at ? d->slots[*at - 1].node : NULL;
}

static void dir_set(struct directory *d, const char *name, struct node *n)
{
    size_t *at = find(d, name);
    if (at) {
        d->slots[*at - 1].node = n;
        return;
    }
    if (d->slot_count == d->slot_room) {
        d->slot_room = d->slot_room ? d->slot_room * 2 : 16;
        d->slots = realloc(d->slots, d->slot_room * sizeof *d->slots);
    }
    d->slots[d->slot_count] = (struct entry){ strdup(name), n };
    d->slot_count++;
    d->live++;
    if ((d->table_used + 1) * 2 > d->table_size)
        table_grow(d);
    else
        table_put(d, d->slot_count - 1);
}

static void dir_remove(struct directory *d, const char *name)
{
    size_t *at = find(d, name);
    if (!at)
        return;
    size_t place = *at - 1;
    *at = SIZE_MAX;
    free(d->slots[place].name);
    d->slots[place] = (struct entry){ 0 };
    d->live--;
    while (d->slot_count > 0 && d->slots[d->slot_count - 1].node == NULL)
        d->slot_count--;
}

static struct node *new_node(fuse_req_t req, mode_t mode)
{
    struct node *n = calloc(1, sizeof *n);
    pthread_mutex_init(&n->lock, NULL);
    n->attr.st_ino = next_ino++;
    n->attr.st_mode = mode;
    n->attr.st_nlink = S_ISDIR(mode) ? 2 : 1;
    n->attr.st_blksize = 4096;
    if (req) {
        n->attr.st_uid = fuse_req_ctx(req)->uid;
        n->attr.st_gid = fuse_req_ctx(req)->gid;
    }
    clock_gettime(CLOCK_REALTIME, &n->attr.st_mtim);
    n->attr.st_atim = n->attr.st_ctim = n->attr.st_mtim;
    if (S_ISDIR(mode))
        n->dir = calloc(1, sizeof *n->dir);
    return n;
}

static void set_size(struct node *n, off_t size)
{
    size_t keep = (size + CHUNK_BYTES - 1) / CHUNK_BYTES, within = size % CHUNK_BYTES;
    for (size_t i = keep; i < n->chunk_count; i++) {
        free(n->chunks[i]);
        n->chunks[i] = NULL;
    }
    if (within && keep <= n->chunk_count && n->chunks[keep - 1])
        memset(n->chunks[keep - 1] + within, 0, CHUNK_BYTES - within);
    n->attr.st_size = size;
    n->attr.st_blocks = (size + 511) / 512;
}

static void release_if_unused(struct node *n)
{
    if (n->lookups || n->attr.st_nlink)
        return;
    set_size(n, 0);
    free(n->chunks);
    free(n->target);
    if (n->dir) {
        free(n->dir->slots);
        free(n->dir->table);
        free(n->dir);
    }
    pthread_mutex_destroy(&n->lock);
    free(n);
}

static struct fuse_entry_param entry_of(struct node *n)
{
    return (struct fuse_entry_param){ .ino = id_of(n), .attr = n->attr, .attr_timeout = CACHE_S, .entry_timeout = CACHE_S };
}

static void open_flags(struct fuse_file_info *fi)
{
    fi->keep_cache = 1;
    fi->cache_readdir = 1;
}

static void mem_init(void *data, struct fuse_conn_info *conn)
{
    (void)data;
    conn->want &= ~(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_AUTO_INVAL_DATA);
    conn->want |= conn->capable & (FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                                   FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPORT_SUPPORT);
    conn->max_write = MAX_REPLY_BYTES;
    conn->max_readahead = MAX_REPLY_BYTES;
    conn->max_background = 64;
    conn->congestion_threshold = 48;
    conn->time_gran = 1;
}

static void mem_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param e = { .entry_timeout = CACHE_S };
    struct node *p = node_of(parent);
    pthread_mutex_lock(&names_lock);
    struct node *n = p->dir ? lookup_in(p->dir, name) : NULL;
    if (n) {
        n->lookups++;
        e = entry_of(n);
    }
    pthread_mutex_unlock(&names_lock);
    fuse_reply_entry(req, &e);
}

static void mem_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
    struct node *n = node_of(ino);
    pthread_mutex_lock(&names_lock);
    n->lookups -= count < n->lookups ? count : n->lookups;
    if (n != root)
        release_if_unused(n);
    pthread_mutex_unlock(&names_lock);
    fuse_reply_none(req);
}

static void mem_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    pthread_mutex_lock(&names_lock);
    for (size_t i = 0; i < count; i++) {
        struct node *n = node_of(forgets[i].ino);
        n->lookups -= forgets[i].nlookup < n->lookups ? forgets[i].nlookup : n->lookups;
        if (n != root)
            release_if_unused(n);
    }
    pthread_mutex_unlock(&names_lock);
    fuse_reply_none(req);
}

static void mem_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct node *n = node_of(ino);
    (void)fi;
    pthread_mutex_lock(&n->lock);
    struct stat attr = n->attr;
    pthread_mutex_unlock(&n->lock);
    fuse_reply_attr(req, &attr, CACHE_S);
}

static void mem_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *wanted, int valid, struct fuse_file_info *fi)
{
    struct node *n = node_of(ino);
    pthread_mutex_lock(&n->lock);
    if (valid & FUSE_SET_ATTR_MODE)
        n->attr.st_mode = (n->attr.st_mode & S_IFMT) | (wanted->st_mode & ~S_IFMT);
    if (valid & FUSE_SET_ATTR_UID)
        n->attr.st_uid = wanted->st_uid;
    if (valid & FUSE_SET_ATTR_GID)
        n->attr.st_gid = wanted->st_gid;
    if (valid & FUSE_SET_ATTR_SIZE)
        set_size(n, wanted->st_size);
    if (valid & FUSE_SET_ATTR_ATIME)
        n->attr.st_atim = wanted->st_atim;
    if (valid & FUSE_SET_ATTR_MTIME)
        n->attr.st_mtim = wanted->st_mtim;
    pthread_mutex_unlock(&n->lock);
    mem_getattr(req, ino, fi);
}

static void add(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, const char *target, struct fuse_file_info *fi)
{
    struct node *p = node_of(parent);
    struct fuse_entry_param e;
    pthread_mutex_lock(&names_lock);
    int error = !p->dir ? ENOTDIR : lookup_in(p->dir, name) ? EEXIST : 0;
    if (!error) {
        struct node *n = new_node(req, mode);
        if (target) {
            n->target = strdup(target);
            n->attr.st_size = strlen(target);
        }
        dir_set(p->dir, name, n);
        p->attr.st_nlink += S_ISDIR(mode);
        n->lookups++;
        e = entry_of(n);
    }
    pthread_mutex_unlock(&names_lock);
    if (error) {
        fuse_reply_err(req, error);
    } else if (fi) {
        open_flags(fi);
        fuse_reply_create(req, &e, fi);
    } else {
        fuse_reply_entry(req, &e);
    }
}

static void mem_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    (void)rdev;
    add(req, parent, name, mode, NULL, NULL);
}

static void mem_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    add(req, parent, name, S_IFDIR | (mode & 07777), NULL, NULL);
}

static void mem_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    add(req, parent, name, S_IFLNK | 0777, target, NULL);
}

static void mem_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
    add(req, parent, name, mode, NULL, fi);
}

static void mem_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct node *n = node_of(ino);
    fuse_reply_readlink(req, n->target ? n->target : "");
}

static void mem_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
    struct node *n = node_of(ino), *p = node_of(parent);
    struct fuse_entry_param e;
    pthread_mutex_lock(&names_lock);
    int error = lookup_in(p->dir, name) ? EEXIST : 0;
    if (!error) {
        dir_set(p->dir, name, n);
        n->attr.st_nlink++;
        n->lookups++;
        e = entry_of(n);
    }
    pthread_mutex_unlock(&names_lock);
    if (error)
        fuse_reply_err(req, error);
    else
        fuse_reply_entry(req, &e);
}

static void unreference(struct node *parent, struct node *n)
{
    parent->attr.st_nlink -= n->dir != NULL;
    n->attr.st_nlink = n->dir ? 0 : n->attr.st_nlink - 1;
    release_if_unused(n);
}

static void remove_entry(fuse_req_t req, fuse_ino_t parent, const char *name, int wants_dir)
{
    struct node *p = node_of(parent);
    pthread_mutex_lock(&names_lock);
    struct node *n = p->dir ? lookup_in(p->dir, name) : NULL;
    int error = !n ? ENOENT : (n->dir != NULL) != wants_dir ? (wants_dir ? ENOTDIR : EISDIR) : n->dir && n->dir->live ? ENOTEMPTY : 0;
    if (!error) {
        dir_remove(p->dir, name);
        unreference(p, n);
    }
    pthread_mutex_unlock(&names_lock);
    fuse_reply_err(req, error);
}

static void mem_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) { remove_entry(req, parent, name, 0); }

static void mem_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) { remove_entry(req, parent, name, 1); }

static void mem_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name, unsigned int flags)
{
    struct node *p = node_of(parent), *q = node_of(new_parent);
    pthread_mutex_lock(&names_lock);
    struct node *n = lookup_in(p->dir, name), *replaced = lookup_in(q->dir, new_name);
    int error = flags & ~RENAME_NOREPLACE ? EINVAL : !n ? ENOENT : replaced && flags ? EEXIST : replaced && replaced->dir && replaced->dir->live ? ENOTEMPTY : 0;
    if (!error && replaced != n) {
        dir_remove(p->dir, name);
        dir_set(q->dir, new_name, n);
        if (replaced)
            unreference(q, replaced);
        p->attr.st_nlink -= n->dir != NULL;
        q->attr.st_nlink += n->dir != NULL;
    }
    pthread_mutex_unlock(&names_lock);
    fuse_reply_err(req, error);
}

static void mem_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    open_flags(fi);
    fuse_reply_open(req, fi);
}

static __thread char *reply_memory;

static char *reply_buffer(void)
{
    if (!reply_memory && posix_memalign((void **)&reply_memory, 4096, MAX_REPLY_BYTES))
        abort();
    return reply_memory;
}

static void mem_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
    struct node *n = node_of(ino);
    char *out = reply_buffer();
    size_t length = 0;
    (void)fi;
    pthread_mutex_lock(&n->lock);
    if (offset < n->attr.st_size) {
        length = size < (size_t)(n->attr.st_size - offset) ? size : (size_t)(n->attr.st_size - offset);
        for (size_t done = 0; done < length;) {
            size_t chunk = (offset + done) / CHUNK_BYTES, within = (offset + done) % CHUNK_BYTES, part = CHUNK_BYTES - within;
            if (part > length - done)
                part = length - done;
            if (chunk < n->chunk_count && n->chunks[chunk])
                memcpy(out + done, n->chunks[chunk] + within, part);
            else
                memset(out + done, 0, part);
            done += part;
        }
    }
    pthread_mutex_unlock(&n->lock);
    fuse_reply_buf(req, out, length);
}

static void mem_write(fuse_req_t req, fuse_ino_t ino, const char *in, size_t size, off_t offset, struct fuse_file_info *fi)
{
    struct node *n = node_of(ino);
    (void)fi;
    pthread_mutex_lock(&n->lock);
    for (size_t done = 0; done < size;) {
        size_t chunk = (offset + done) / CHUNK_BYTES, within = (offset + done) % CHUNK_BYTES, part = CHUNK_BYTES - within;
        if (part > size - done)
            part = size - done;
        if (chunk >= n->chunk_count) {
            size_t room = n->chunk_count * 2 > chunk + 1 ? n->chunk_count * 2 : chunk + 1;
            n->chunks = realloc(n->chunks, room * sizeof *n->chunks);
            memset(n->chunks + n->chunk_count, 0, (room - n->chunk_count) * sizeof *n->chunks);
            n->chunk_count = room;
        }
        if (!n->chunks[chunk])
            n->chunks[chunk] = calloc(1, CHUNK_BYTES);
        memcpy(n->chunks[chunk] + within, in + done, part);
        done += part;
    }
    if (offset + (off_t)size > n->attr.st_size)
        n->attr.st_size = offset + size;
    n->attr.st_blocks = (n->attr.st_size + 511) / 512;
    pthread_mutex_unlock(&n->lock);
    fuse_reply_write(req, size);
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, int plus)
{
    struct node *n = node_of(ino);
    char *out = reply_buffer();
    size_t used = 0;
    pthread_mutex_lock(&names_lock);
    for (size_t place = offset; n->dir && place < n->dir->slot_count; place++) {
        struct node *child = n->dir->slots[place].node;
        if (!child)
            continue;
        struct fuse_entry_param e = entry_of(child);
        size_t length = plus ? fuse_add_direntry_plus(req, out + used, size - used, n->dir->slots[place].name, &e, place + 1)
                             : fuse_add_direntry(req, out + used, size - used, n->dir->slots[place].name, &child->attr, place + 1);
        if (length > size - used)
            break;
        used += length;
        child->lookups += plus;
    }
    pthread_mutex_unlock(&names_lock);
    fuse_reply_buf(req, out, used);
}

static void mem_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
    (void)fi;
    read_dir(req, ino, size, offset, 0);
}

static void mem_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
    (void)fi;
    read_dir(req, ino, size, offset, 1);
}

static void mem_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_blocks = 1 << 24, .f_bfree = 1 << 23, .f_bavail = 1 << 23, .f_files = 1 << 20, .f_ffree = 1 << 19, .f_namemax = 255 };
    (void)ino;
    fuse_reply_statfs(req, &st);
}

static void done(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    (void)fi;
    fuse_reply_err(req, 0);
}

static void mem_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    (void)datasync;
    done(req, ino, fi);
}

static const struct fuse_lowlevel_ops ops = {
    .init = mem_init, .lookup = mem_lookup, .forget = mem_forget, .forget_multi = mem_forget_multi, .getattr = mem_getattr,
    .setattr = mem_setattr, .mknod = mem_mknod, .mkdir = mem_mkdir, .symlink = mem_symlink, .readlink = mem_readlink, .link = mem_link,
    .unlink = mem_unlink, .rmdir = mem_rmdir, .rename = mem_rename, .create = mem_create, .open = mem_open, .opendir = mem_open,
    .read = mem_read, .write = mem_write, .readdir = mem_readdir, .readdirplus = mem_readdirplus, .statfs = mem_statfs, .flush = done,
    .release = done, .releasedir = done, .fsync = mem_fsync, .fsyncdir = mem_fsync,
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s MOUNTPOINT [THREADS]\n", argv[0]);
        return 64;
    }
    int threads = argc > 2 ? atoi(argv[2]) : 2;
    char *options[] = { argv[0], "-o", "fsname=memory,subtype=memfs,allow_other" };
    struct fuse_args args = FUSE_ARGS_INIT(3, options);
    root = new_node(NULL, S_IFDIR | 0777);
    root->lookups = 1;
    struct fuse_session *session = fuse_session_new(&args, &ops, sizeof ops, NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[1]))
        return 1;
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    fuse_loop_cfg_set_max_threads(config, threads);
    fuse_loop_cfg_set_idle_threads(config, threads);
    printf("mounted\n");
    fflush(stdout);
    int result = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return result != 0;
}
