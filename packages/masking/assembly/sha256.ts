/** SHA-256's compression (FIPS 180-4, 6.2.2) of four independent blocks, one in each 32-bit lane. */

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const H: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
/** Four blocks as bytes, one behind the other, with room for stores that run over. */
const BLOCKS: usize = memory.data(4 * 64 + 64, 16);
/** Sixteen words of the message schedule, of four lanes; each sixteen are written over the ones before. */
const W: usize = memory.data(16 * 16, 16);
/** The state: 8 words of four lanes. */
const STATE: usize = memory.data(8 * 16, 16);
/** A digest as bytes. */
const DIGEST: usize = memory.data(32 + 16, 16);

/** Where the block of a lane is to be written; blocks are written in the order of lanes. */
// @ts-ignore: decorator
@inline export function startBlock(lane: i32): usize {
  return BLOCKS + (<usize>lane << 6);
}

/** The four blocks' big-endian words into the schedule's first 16. */
export function transposeBlock(): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const a = swapped(v128.load(BLOCKS + i));
    const b = swapped(v128.load(BLOCKS + i, 64));
    const c = swapped(v128.load(BLOCKS + i, 128));
    const d = swapped(v128.load(BLOCKS + i, 192));
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
    const w = W + (i << 2);
    v128.store(w, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(w, i64x2.shuffle(ab, cd, 1, 3), 16);
    v128.store(w, i64x2.shuffle(ab2, cd2, 0, 2), 32);
    v128.store(w, i64x2.shuffle(ab2, cd2, 1, 3), 48);
  }
}

// @ts-ignore: decorator
@inline function swapped(words: v128): v128 {
  return i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Of HMAC's outer hash: the inner digest, the end mark, and the length of a key's block and a digest in bits. */
export function outerBlock(): void {
  for (let i: usize = 0; i < 8 * 16; i += 16) v128.store(W + i, v128.load(STATE + i));
  v128.store(W, i32x4.splat(0x8000_0000), 8 * 16);
  for (let i: usize = 9 * 16; i < 15 * 16; i += 16) v128.store(W + i, i32x4.splat(0));
  v128.store(W, i32x4.splat((64 + 32) * 8), 15 * 16);
}

/** Begins from the states (8 words each) at four places. */
export function loadState(a: usize, b: usize, c: usize, d: usize): void {
  if (a == b && b == c && c == d) {
    for (let i: usize = 0; i < 8; i++) v128.store(STATE + (i << 4), v128.load32_splat(a + (i << 2)));
    return;
  }
  for (let i: usize = 0; i < 8; i++) {
    const at = i << 2;
    let word = v128.load32_zero(a + at);
    word = v128.load_lane<u32>(b + at, word, 1);
    word = v128.load_lane<u32>(c + at, word, 2);
    word = v128.load_lane<u32>(d + at, word, 3);
    v128.store(STATE + (i << 4), word);
  }
}

/** Begins from SHA-256's own initial state. */
export function lanes(): void {
  loadState(H, H, H, H);
}

/** The first words of a lane's state as bytes. */
export function stateAt(lane: i32, words: usize): usize {
  for (let i: usize = 0; i < words; i++) {
    store<u32>(DIGEST + (i << 2), bswap(load<u32>(STATE + (i << 4) + (<usize>lane << 2))));
  }
  return DIGEST;
}

/** The word at `i` of four digests, as bytes. */
// @ts-ignore: decorator
@inline export function digestWords(i: usize): v128 {
  return swapped(v128.load(STATE + (i << 4)));
}

/** The first 16 bytes of a lane's digest. */
// @ts-ignore: decorator
@inline export function digestOf(lane: usize): v128 {
  let words = v128.load32_zero(STATE + (lane << 2));
  words = v128.load_lane<u32>(STATE + 16 + (lane << 2), words, 1);
  words = v128.load_lane<u32>(STATE + 32 + (lane << 2), words, 2);
  words = v128.load_lane<u32>(STATE + 48 + (lane << 2), words, 3);
  return swapped(words);
}

// @ts-ignore: decorator
@inline function rotr(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

// @ts-ignore: decorator
@inline function word(i: usize): v128 {
  return v128.load(W + (i << 4));
}

/** The word sixteen further on, in the place of the one at `i`. */
// @ts-ignore: decorator
@inline function schedule(i: usize): void {
  const w15 = word((i + 1) & 15);
  const w2 = word((i + 14) & 15);
  const s0 = v128.xor(v128.xor(rotr(w15, 7), rotr(w15, 18)), i32x4.shr_u(w15, 3));
  const s1 = v128.xor(v128.xor(rotr(w2, 17), rotr(w2, 19)), i32x4.shr_u(w2, 10));
  v128.store(W + (i << 4), i32x4.add(i32x4.add(word(i), s0), i32x4.add(word((i + 9) & 15), s1)));
}

// @ts-ignore: decorator
@inline function sum1(e: v128): v128 {
  return v128.xor(v128.xor(rotr(e, 6), rotr(e, 11)), rotr(e, 25));
}

// @ts-ignore: decorator
@inline function sum0(a: v128): v128 {
  return v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22));
}

/** T1 of the round at `i` of the sixteen whose constants begin at `k`. */
// @ts-ignore: decorator
@inline function step(e: v128, f: v128, g: v128, h: v128, k: usize, i: usize): v128 {
  const scheduled = i32x4.add(word(i), v128.load32_splat(k + (i << 2)));
  return i32x4.add(i32x4.add(h, scheduled), i32x4.add(sum1(e), v128.xor(g, v128.and(e, v128.xor(f, g)))));
}

/** T2; `ab` is a ⊕ b, and `bc` b ⊕ c, which was the round's before. */
// @ts-ignore: decorator
@inline function step2(a: v128, b: v128, ab: v128, bc: v128): v128 {
  return i32x4.add(sum0(a), v128.xor(b, v128.and(ab, bc)));
}

export function compress(): void {
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  let odd = v128.xor(b, c);
  let even: v128;
  let t: v128;
  let k = K;
  // Sixteen rounds at a time: the letters move on without moving a value, and each word has a fixed place. The word sixteen further on is made
  // beside each round, so that neither waits for the other.
  for (; k < K + 192; k += 64) {
    t = step(e, f, g, h, k, 0);
    schedule(0);
    d = i32x4.add(d, t);
    even = v128.xor(a, b);
    h = i32x4.add(t, step2(a, b, even, odd));
    t = step(d, e, f, g, k, 1);
    schedule(1);
    c = i32x4.add(c, t);
    odd = v128.xor(h, a);
    g = i32x4.add(t, step2(h, a, odd, even));
    t = step(c, d, e, f, k, 2);
    schedule(2);
    b = i32x4.add(b, t);
    even = v128.xor(g, h);
    f = i32x4.add(t, step2(g, h, even, odd));
    t = step(b, c, d, e, k, 3);
    schedule(3);
    a = i32x4.add(a, t);
    odd = v128.xor(f, g);
    e = i32x4.add(t, step2(f, g, odd, even));
    t = step(a, b, c, d, k, 4);
    schedule(4);
    h = i32x4.add(h, t);
    even = v128.xor(e, f);
    d = i32x4.add(t, step2(e, f, even, odd));
    t = step(h, a, b, c, k, 5);
    schedule(5);
    g = i32x4.add(g, t);
    odd = v128.xor(d, e);
    c = i32x4.add(t, step2(d, e, odd, even));
    t = step(g, h, a, b, k, 6);
    schedule(6);
    f = i32x4.add(f, t);
    even = v128.xor(c, d);
    b = i32x4.add(t, step2(c, d, even, odd));
    t = step(f, g, h, a, k, 7);
    schedule(7);
    e = i32x4.add(e, t);
    odd = v128.xor(b, c);
    a = i32x4.add(t, step2(b, c, odd, even));
    t = step(e, f, g, h, k, 8);
    schedule(8);
    d = i32x4.add(d, t);
    even = v128.xor(a, b);
    h = i32x4.add(t, step2(a, b, even, odd));
    t = step(d, e, f, g, k, 9);
    schedule(9);
    c = i32x4.add(c, t);
    odd = v128.xor(h, a);
    g = i32x4.add(t, step2(h, a, odd, even));
    t = step(c, d, e, f, k, 10);
    schedule(10);
    b = i32x4.add(b, t);
    even = v128.xor(g, h);
    f = i32x4.add(t, step2(g, h, even, odd));
    t = step(b, c, d, e, k, 11);
    schedule(11);
    a = i32x4.add(a, t);
    odd = v128.xor(f, g);
    e = i32x4.add(t, step2(f, g, odd, even));
    t = step(a, b, c, d, k, 12);
    schedule(12);
    h = i32x4.add(h, t);
    even = v128.xor(e, f);
    d = i32x4.add(t, step2(e, f, even, odd));
    t = step(h, a, b, c, k, 13);
    schedule(13);
    g = i32x4.add(g, t);
    odd = v128.xor(d, e);
    c = i32x4.add(t, step2(d, e, odd, even));
    t = step(g, h, a, b, k, 14);
    schedule(14);
    f = i32x4.add(f, t);
    even = v128.xor(c, d);
    b = i32x4.add(t, step2(c, d, even, odd));
    t = step(f, g, h, a, k, 15);
    schedule(15);
    e = i32x4.add(e, t);
    odd = v128.xor(b, c);
    a = i32x4.add(t, step2(b, c, odd, even));
  }
  t = step(e, f, g, h, k, 0);
  d = i32x4.add(d, t);
  even = v128.xor(a, b);
  h = i32x4.add(t, step2(a, b, even, odd));
  t = step(d, e, f, g, k, 1);
  c = i32x4.add(c, t);
  odd = v128.xor(h, a);
  g = i32x4.add(t, step2(h, a, odd, even));
  t = step(c, d, e, f, k, 2);
  b = i32x4.add(b, t);
  even = v128.xor(g, h);
  f = i32x4.add(t, step2(g, h, even, odd));
  t = step(b, c, d, e, k, 3);
  a = i32x4.add(a, t);
  odd = v128.xor(f, g);
  e = i32x4.add(t, step2(f, g, odd, even));
  t = step(a, b, c, d, k, 4);
  h = i32x4.add(h, t);
  even = v128.xor(e, f);
  d = i32x4.add(t, step2(e, f, even, odd));
  t = step(h, a, b, c, k, 5);
  g = i32x4.add(g, t);
  odd = v128.xor(d, e);
  c = i32x4.add(t, step2(d, e, odd, even));
  t = step(g, h, a, b, k, 6);
  f = i32x4.add(f, t);
  even = v128.xor(c, d);
  b = i32x4.add(t, step2(c, d, even, odd));
  t = step(f, g, h, a, k, 7);
  e = i32x4.add(e, t);
  odd = v128.xor(b, c);
  a = i32x4.add(t, step2(b, c, odd, even));
  t = step(e, f, g, h, k, 8);
  d = i32x4.add(d, t);
  even = v128.xor(a, b);
  h = i32x4.add(t, step2(a, b, even, odd));
  t = step(d, e, f, g, k, 9);
  c = i32x4.add(c, t);
  odd = v128.xor(h, a);
  g = i32x4.add(t, step2(h, a, odd, even));
  t = step(c, d, e, f, k, 10);
  b = i32x4.add(b, t);
  even = v128.xor(g, h);
  f = i32x4.add(t, step2(g, h, even, odd));
  t = step(b, c, d, e, k, 11);
  a = i32x4.add(a, t);
  odd = v128.xor(f, g);
  e = i32x4.add(t, step2(f, g, odd, even));
  t = step(a, b, c, d, k, 12);
  h = i32x4.add(h, t);
  even = v128.xor(e, f);
  d = i32x4.add(t, step2(e, f, even, odd));
  t = step(h, a, b, c, k, 13);
  g = i32x4.add(g, t);
  odd = v128.xor(d, e);
  c = i32x4.add(t, step2(d, e, odd, even));
  t = step(g, h, a, b, k, 14);
  f = i32x4.add(f, t);
  even = v128.xor(c, d);
  b = i32x4.add(t, step2(c, d, even, odd));
  t = step(f, g, h, a, k, 15);
  e = i32x4.add(e, t);
  odd = v128.xor(b, c);
  a = i32x4.add(t, step2(b, c, odd, even));
  v128.store(STATE, i32x4.add(v128.load(STATE), a));
  v128.store(STATE, i32x4.add(v128.load(STATE, 16), b), 16);
  v128.store(STATE, i32x4.add(v128.load(STATE, 32), c), 32);
  v128.store(STATE, i32x4.add(v128.load(STATE, 48), d), 48);
  v128.store(STATE, i32x4.add(v128.load(STATE, 64), e), 64);
  v128.store(STATE, i32x4.add(v128.load(STATE, 80), f), 80);
  v128.store(STATE, i32x4.add(v128.load(STATE, 96), g), 96);
  v128.store(STATE, i32x4.add(v128.load(STATE, 112), h), 112);
}
