/** What the gate sends through a written tokenizer: scripts, white space, digits, emoji and code. */
export const SAMPLE_TEXT = [
  "Once upon a time there was a little girl named Lily.",
  "The year 2024 had 366 days; 3.14159 ≈ π, and 50 % of 7,000,000 is 3.5e6.",
  "Zürich, café, naïve, Ærøskøbing, Łódź — “quoted”, ‘single’, en–dash…",
  "Der Schmetterling fliegt über die Straße. Habari ya asubuhi, rafiki yangu?",
  "Привет, мир! Γειά σου κόσμε. שלום עולם. مرحبا بالعالم. नमस्ते दुनिया. สวัสดีชาวโลก",
  "你好，世界。こんにちは世界。안녕하세요 세계.",
  "def add(a, b):\n\treturn a + b  # two  spaces\n\n\n    indented",
  "👩‍👩‍👧‍👦 🇩🇪 🤖 e\u0301 \u00a0 \u200b \ufeff",
].join("\n");
