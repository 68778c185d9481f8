/**
 * Runs before comedy in its forked processes, which load babel-polyfill first: 70 ms and some megabytes for what Node 20 has of its
 * own. Here it is an empty module. Plain JavaScript, since nothing compiles it in development.
 */
const path = require.resolve('babel-polyfill', { paths: [require.resolve('comedy')] });
require.cache[path] = Object.assign(Object.create(module), { id: path, filename: path, loaded: true, exports: {} });
