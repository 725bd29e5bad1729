// What one.py does, by sharp: node resize.mjs FILE SMALL

import { readFileSync } from "node:fs";
import sharp from "sharp";

const TIMES = 5;
sharp.concurrency(1);
sharp.cache(false);

const [path, small] = process.argv.slice(2);
const make = (file) => sharp(file).resize(320, 320, { fit: "inside" }).webp({ quality: 80, effort: 2 }).toBuffer();
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);

await make(small);
const idle = peak();
const times = [];
for (let n = 0; n < TIMES; n++) {
  const began = process.cpuUsage();
  await make(path);
  const { user, system } = process.cpuUsage(began);
  times.push((user + system) / 1000);
}
times.sort((one, other) => one - other);
console.log(JSON.stringify({ cpu_ms: times[TIMES >> 1], over_idle_mb: (peak() - idle) / 1000 }));
