/** What storages that are directories look at in the file system. */
export interface StorageFiles {
  /** The path without symbolic links and superfluous parts; undefined where nothing is there. */
  resolve(path: string): Promise<string | undefined>;
  /** Undefined where the file can't be read as an image of this format. `backing` is the file that a clone stands on. */
  image(path: string, format: string): Promise<{ readonly backing?: string } | undefined>;
}
