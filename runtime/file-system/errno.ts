/** Numbers of Linux for the errors that the file system uses (spec/pmxcfs.md, conventions). Positive here. */
export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const EINVAL = 22;
export const EFBIG = 27;
export const ENOSYS = 38;
export const ENOTEMPTY = 39;
export const ECHRNG = 44;
export const EPROTO = 71;
export const EILSEQ = 84;
export const ENOTSUP = 95;
export const EREMOTEIO = 121;
