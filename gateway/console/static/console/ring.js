// The sound of an alarm nobody has. Browsers let a page sound only after somebody touched it, so
// "Go on duty" unlocks it, and until then the page says SOUND OFF.

const VOLUME = 0.25;
const BEEPS = {
  life_safety: [[0, 1320], [0.22, 990], [0.44, 1320], [0.66, 990]],
  help: [[0, 880], [0.3, 880]],
};
const LENGTH_S = 0.18;

let context = null;

export function isUnlocked() {
  return context?.state === "running";
}

// Call it within a gesture. Gives whether sound can be heard now.
export async function unlock() {
  if (!window.AudioContext) return false;
  context ??= new AudioContext();
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 500))]);
  }
  return isUnlocked();
}

export async function lock() {
  const before = context;
  context = null;
  await before?.close();
}

export function ring(lane) {
  if (!isUnlocked()) return;
  const from = context.currentTime + 0.02;
  for (const [after, pitch] of BEEPS[lane] ?? BEEPS.help) {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.type = "square";
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, from + after);
    level.gain.linearRampToValueAtTime(VOLUME, from + after + 0.01);
    level.gain.setValueAtTime(VOLUME, from + after + LENGTH_S - 0.02);
    level.gain.linearRampToValueAtTime(0, from + after + LENGTH_S);
    tone.connect(level).connect(context.destination);
    tone.start(from + after);
    tone.stop(from + after + LENGTH_S);
  }
}
