// A BlurHash (blurha.sh) as a picture: some waves each way, their colours in 28 characters.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** The colour of each pixel, four bytes each, as a canvas takes them.
 * @param {string} hash @param {number} width @param {number} height @returns {Uint8ClampedArray} */
export function pixels(hash, width, height) {
  const shape = number(hash[0]);
  const across = (shape % 9) + 1;
  const strongest = (number(hash[1]) + 1) / 166;
  const waves = [average(number(hash.slice(2, 6)))];
  for (let at = 6; at < hash.length; at += 2) waves.push(wave(number(hash.slice(at, at + 2)), strongest));
  const made = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const colour = [0, 0, 0];
      waves.forEach((part, n) => {
        const basis = Math.cos((Math.PI * x * (n % across)) / width) * Math.cos((Math.PI * y * Math.floor(n / across)) / height);
        part.forEach((value, channel) => (colour[channel] += value * basis));
      });
      made.set([...colour.map(fromLinear), 255], 4 * (x + y * width));
    }
  return made;
}

const number = (text) => [...text].reduce((sum, digit) => sum * 83 + DIGITS.indexOf(digit), 0);

const average = (value) => [value >> 16, (value >> 8) & 255, value & 255].map(toLinear);

// Each of the three from -9 to 9, squared so that weak ones are told apart.
const wave = (value, strongest) =>
  [Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19].map((step) => ((step - 9) / 9) * Math.abs((step - 9) / 9) * strongest);

const toLinear = (value) => (value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);

const fromLinear = (value) => 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * Math.min(1, value) ** (1 / 2.4) - 0.055);
