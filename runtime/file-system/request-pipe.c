/*
 * The kernel's requests on the loop of the process itself. Included at the end of fuse-native.c by
 * bin/dev/patch-fuse-native.mjs.
 *
 * libfuse mounts; then the bytes of each request go to one JavaScript callback, and those of each answer to the kernel. So
 * a request costs two changes of thread (caller, this process, caller) instead of four, and no thread waits while a
 * change is on its way through the cluster. What the bytes mean is fuse-protocol.ts's matter.
 */
#include <errno.h>
#include <fcntl.h>

/* A turn of the loop takes this many requests at most: the datagrams of the cluster are to have their turn too. */
#define REQUESTS_PER_TURN 32

typedef struct {
  napi_env env;
  napi_ref context;
  napi_ref buffer_reference;
  napi_ref callback;
  uv_poll_t poll;
  char *buffer;
  size_t size;
  int fd;
} fuse_request_pipe_t;

static void fuse_request_pipe_call (fuse_request_pipe_t *pipe, int length) {
  napi_env env = pipe->env;
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_value context;
  napi_get_reference_value(env, pipe->context, &context);
  napi_value callback;
  napi_get_reference_value(env, pipe->callback, &callback);
  napi_value argv[1];
  napi_create_int32(env, length, &(argv[0]));
  NAPI_MAKE_CALLBACK(env, NULL, context, callback, 1, argv, NULL)
  napi_close_handle_scope(env, scope);
}

static void fuse_request_pipe_readable (uv_poll_t *poll, int status, int events) {
  fuse_request_pipe_t *pipe = (fuse_request_pipe_t *) poll->data;
  for (int taken = 0; taken < REQUESTS_PER_TURN && pipe->fd >= 0; taken++) {
    ssize_t length = read(pipe->fd, pipe->buffer, pipe->size);
    if (length < 0) {
      /* ENOENT: the caller was killed before its request was read. */
      if (errno == EINTR || errno == ENOENT) continue;
      if (errno == EAGAIN && status >= 0) return;
      length = -errno;
    }
    if (length <= 0) uv_poll_stop(poll);
    fuse_request_pipe_call(pipe, (int) length);
    if (length <= 0) return;
  }
}

/* (mount point, options, pipe, request buffer, callback): the callback gets the length of the request in the buffer, or a negative errno at the end. */
NAPI_METHOD(fuse_request_pipe_open) {
  NAPI_ARGV(5)
  NAPI_ARGV_UTF8(mnt, 1024, 0);
  NAPI_ARGV_UTF8(mntopts, 1024, 1);
  NAPI_ARGV_BUFFER_CAST(fuse_request_pipe_t *, pipe, 2);
  NAPI_ARGV_BUFFER(requests, 3);

  char *_argv[] = { (char *) "fuse_bindings_dummy", mntopts };
  struct fuse_args args = FUSE_ARGS_INIT(2, _argv);
  struct fuse_chan *ch = fuse_mount(mnt, &args);
  fuse_opt_free_args(&args);
  if (ch == NULL) {
    napi_throw_error(env, "fuse failed", "fuse failed");
    return NULL;
  }

  pipe->env = env;
  pipe->buffer = requests;
  pipe->size = requests_len;
  pipe->fd = fuse_chan_fd(ch);
  napi_value context;
  napi_create_object(env, &context);
  napi_create_reference(env, context, 1, &(pipe->context));
  napi_create_reference(env, argv[3], 1, &(pipe->buffer_reference));
  napi_create_reference(env, argv[4], 1, &(pipe->callback));
  fcntl(pipe->fd, F_SETFD, FD_CLOEXEC);
  fcntl(pipe->fd, F_SETFL, fcntl(pipe->fd, F_GETFL) | O_NONBLOCK);

  uv_loop_t *loop;
  napi_get_uv_event_loop(env, &loop);
  int err = uv_poll_init(loop, &(pipe->poll), pipe->fd);
  if (err >= 0) err = uv_poll_start(&(pipe->poll), UV_READABLE, fuse_request_pipe_readable);
  pipe->poll.data = pipe;
  if (err < 0) {
    fuse_unmount(mnt, ch);
    napi_throw_error(env, uv_err_name(err), uv_strerror(err));
  }
  return NULL;
}

/* (pipe, bytes, length): 0, or a negative errno; ENOENT means that the caller is gone. */
NAPI_METHOD(fuse_request_pipe_answer) {
  NAPI_ARGV(3)
  NAPI_ARGV_BUFFER_CAST(fuse_request_pipe_t *, pipe, 0);
  NAPI_ARGV_BUFFER(bytes, 1);
  NAPI_ARGV_UINT32(length, 2);
  int result = -EBADF;
  if (pipe->fd >= 0 && length <= bytes_len) result = write(pipe->fd, bytes, length) < 0 ? -errno : 0;
  napi_value value;
  napi_create_int32(env, result, &value);
  return value;
}

/* (pipe): the process may end while the mount is still in use somewhere. */
NAPI_METHOD(fuse_request_pipe_release) {
  NAPI_ARGV(1)
  NAPI_ARGV_BUFFER_CAST(fuse_request_pipe_t *, pipe, 0);
  uv_unref((uv_handle_t *) &(pipe->poll));
  return NULL;
}

#define FUSE_REQUEST_PIPE_EXPORTS\
  NAPI_EXPORT_SIZEOF(fuse_request_pipe_t)\
  NAPI_EXPORT_FUNCTION(fuse_request_pipe_open)\
  NAPI_EXPORT_FUNCTION(fuse_request_pipe_answer)\
  NAPI_EXPORT_FUNCTION(fuse_request_pipe_release)
