/* Preloaded: stands for /dev/udmabuf and /dev/dma_heap on a kernel that has neither, and for the folder
 * /sys/bus/media/devices on one without the media subsystem. Buffers are plain memory files. A test aid. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_FDS 65536
#define PAGE 4096UL

static unsigned char is_device[MOST_FDS];

static int is_played(const char *path)
{
	return path && (!strcmp(path, "/dev/udmabuf") || !strncmp(path, "/dev/dma_heap/", 14));
}

static int open_played(void)
{
	int fd = memfd_create("played-device", MFD_CLOEXEC);
	if (fd >= 0 && fd < MOST_FDS)
		is_device[fd] = 1;
	return fd;
}

#define PLAY_OPEN(name, type, parameters, arguments)                        \
	int name parameters                                                 \
	{                                                                   \
		static type real;                                           \
		mode_t mode = 0;                                            \
		if (flags & (O_CREAT | __O_TMPFILE)) {                      \
			va_list rest;                                       \
			va_start(rest, flags);                              \
			mode = va_arg(rest, mode_t);                        \
			va_end(rest);                                       \
		}                                                           \
		if (is_played(path))                                        \
			return open_played();                               \
		if (!real)                                                  \
			real = (type)dlsym(RTLD_NEXT, #name);               \
		return real arguments;                                      \
	}

typedef int (*open_type)(const char *, int, ...);
typedef int (*openat_type)(int, const char *, int, ...);
PLAY_OPEN(open, open_type, (const char *path, int flags, ...), (path, flags, mode))
PLAY_OPEN(open64, open_type, (const char *path, int flags, ...), (path, flags, mode))
PLAY_OPEN(openat, openat_type, (int at, const char *path, int flags, ...), (at, path, flags, mode))
PLAY_OPEN(openat64, openat_type, (int at, const char *path, int flags, ...), (at, path, flags, mode))

int close(int fd)
{
	static int (*real)(int);
	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (fd >= 0 && fd < MOST_FDS)
		is_device[fd] = 0;
	return real(fd);
}

static int allocate(struct dma_heap_allocation_data *wanted)
{
	int fd = memfd_create("played-buffer", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (wanted->len + PAGE - 1) & ~(PAGE - 1)) < 0) {
		close(fd);
		return -1;
	}
	wanted->fd = fd;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, void *);
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	if (!real)
		real = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	request &= 0xffffffffUL;
	if (fd >= 0 && fd < MOST_FDS && is_device[fd]) {
		if (request == UDMABUF_CREATE)
			return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
		if (request == DMA_HEAP_IOCTL_ALLOC)
			return allocate(argument);
		errno = ENOTTY;
		return -1;
	}
	int result = real(fd, request, argument);
	if (result < 0 && errno == ENOTTY && _IOC_TYPE(request) == DMA_BUF_BASE && _IOC_NR(request) <= 1)
		return 0; /* sync and name: nothing to do for a memory file */
	return result;
}

DIR *opendir(const char *name)
{
	static DIR *(*real)(const char *);
	if (!real)
		real = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
	DIR *folder = real(name);
	if (!folder && !strcmp(name, "/sys/bus/media/devices")) {
		char empty[] = "/tmp/no-media-XXXXXX";
		if (mkdtemp(empty)) {
			folder = real(empty);
			rmdir(empty);
		}
	}
	return folder;
}
