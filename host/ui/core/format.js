// format.js - numbers, money and times in words. Money that is not known is said to be unknown, never shown as 0.

const LOCALE = "en";
const whole = new Intl.NumberFormat(LOCALE);
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });

export const number = (n) => whole.format(n ?? 0);
export const tokens = (n) => (n < 10_000 ? whole.format(n ?? 0) : compact.format(n));

// 0.00042 -> "$0.0004", 12.5 -> "$12.50"
export function money(usd) {
  if (usd === null || usd === undefined) return "price unknown";
  if (usd === 0) return "$0";
  return `$${usd.toFixed(usd < 0.0995 ? (usd < 0.00995 ? 4 : 3) : 2)}`;
}

export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

const WORDS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];
export const counted = (n, one, many = `${one}s`) => `${WORDS[n] ?? number(n)} ${n === 1 ? one : many}`;

// 83000 -> "1 min 23 s"
export function duration(ms) {
  if (ms === null || ms === undefined || ms < 0) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${ms < 10_000 ? (ms / 1000).toFixed(1) : s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return s % 60 ? `${min} min ${s % 60} s` : `${min} min`;
  const hours = Math.floor(min / 60);
  return hours < 48 ? `${hours} h ${min % 60} min` : `${Math.round(hours / 24)} days`;
}

export function ago(ms, now = Date.now()) {
  const s = Math.round((ms - now) / 1000), far = Math.abs(s);
  if (far < 10) return "just now";
  if (far < 60) return relative.format(s, "second");
  if (far < 3600) return relative.format(Math.round(s / 60), "minute");
  if (far < 86400) return relative.format(Math.round(s / 3600), "hour");
  if (far < 86400 * 30) return relative.format(Math.round(s / 86400), "day");
  return day.format(ms);
}

export const timeOfDay = (ms) => clock.format(ms);
export const date = (ms) => day.format(ms);
export const percent = (part, of) => (of > 0 ? `${Math.round((100 * part) / of)}%` : "");
export const bytes = (n) => (n < 1024 ? `${n} bytes` : n < 1048576 ? `${(n / 1024).toFixed(1)} KB` : n < 1073741824 ? `${(n / 1048576).toFixed(1)} MB` : `${(n / 1073741824).toFixed(1)} GB`);
