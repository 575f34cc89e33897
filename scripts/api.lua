---@meta
-- api.lua: everything that the host gives to a script. Editors with the Lua language server read this file for help and
-- checks; the host never runs it. A test holds it against the host: a function that is missing on either side fails.
--
-- Rules of the house:
--   * A function that takes more than two values takes one table with named fields; an unknown field is an error.
--   * "Waits." in the first line means that the task sleeps there and other tasks go on. A function that waits cannot be
--     called inside a sort comparator, a gsub callback, a metamethod like __tostring, a step()'s function, or a module's top level.
--   * What a script sees is journaled: after a crash the script runs again from its top, and every recorded answer comes
--     back at once. So a script must be deterministic: `pairs` is ordered, math.random is seeded from the run's input,
--     os.time() is the time of the last recorded answer.
--   * Bad calls raise an error with file and line. Expected failures are values (llm.try_ask).
error("api.lua describes the host's functions; it is not a module")

---------------------------------------------------------------------------------------------------------------- llm
llm = {}

---@class Block   -- a piece of a prompt, most stable first
---@field text string
---@field stable? boolean   -- true: belongs to the prefix that is byte-identical across calls (providers cache it). Stable blocks come first
---@field cap? integer      -- most characters of this block; longer text is an error that names the block (nothing is cut silently)
---@field name? string      -- for messages and the prompt view: "style", "bible", "task"
---@field from? (string|integer)[]   -- what it was made from: artifact names ("blueprint.json", "chapters/03.md"), fact ids

---@class Ask
---@field role string              -- "planner", "writer", "judge", "extractor", or a name of your own; configuration maps it to provider/model
---@field prompt? string           -- a prompt of one block, or
---@field blocks? (string|Block)[] -- several blocks
---@field max_words? integer       -- most words of the answer (default 1200); the host turns it into the provider's token limit
---@field temperature? number
---@field reasoning? string        -- "low", "medium", "high", or "little": the least that the model takes; ignored by models without it
---@field key? string              -- tells apart calls with equal content (best-of-n: one key for each candidate)
---@field extra? table             -- merged into the provider's request body as it is
---@field model_choice? integer    -- start with this one of the role's models (1 is the first); for asking another after a bad answer
---@field schema? table            -- JSON schema that the answer should follow (ask_json checks it)

---@class Usage
---@field input integer            -- all prompt tokens, cached ones included
---@field cached_read integer
---@field cache_write integer
---@field output integer
---@field reasoning integer

---@class Answer
---@field text string
---@field reasoning string         -- "" when the model sent none
---@field stop string              -- "end", "length", "filter", "refusal", "tool", "context"
---@field native_stop string       -- the provider's own word
---@field usage Usage
---@field cost? number             -- US dollars; nil when the price is not known
---@field model string             -- "provider/model" that answered
---@field rehearsal? boolean       -- true: the rehearsal model answered, under a provider's name of its own
---@field request_id string
---@field ttft_ms integer          -- time to the first text
---@field total_ms integer
---@field attempts integer
---@field seq integer              -- its place in the run's record. A run that fails with error{message=, rejected = {answer.seq, ...}}
---                                -- asks those questions anew when it is retried

---Asks a model. Waits. Raises when no model of the role could answer (kind "provider", "budget", ...).
---@param ask Ask
---@return Answer
function llm.ask(ask) end

---Asks for JSON: checks the answer against `schema`, takes it out of prose or code fences, asks for one repair, then tries the
---role's next model. Waits. Raises (kind "provider") when all fail; the raw answers stay in the call log, and a retry asks anew.
---Supported schema keywords: type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, minLength,
---maxLength, minimum, maximum, description, title. Others are refused. Properties are sent in the order of `required`.
---@param ask Ask
---@return any value
---@return Answer answer
function llm.ask_json(ask) end

---Like llm.ask, but a failure is a value. Waits.
---@param ask Ask
---@return Answer? answer
---@return {kind: string, message: string, retryable: boolean}? err
function llm.try_ask(ask) end

---------------------------------------------------------------------------------------------------------------- run
run = {}

---The run's input fields, checked against the pipeline's declaration; read-only.
---@type table
run.input = {}

---Begins a phase: writes the banner "--- Phase: NAME ---" to the log, ends the one before (`--until` stops here when that one was asked for).
---@param name string
function run.phase(name) end

---A named point where `--until NAME` stops ("chapter:3"). Call it after what it names is saved. Also beats the heart.
---@param name string
function run.checkpoint(name) end

---@param done integer
---@param total integer
---@param label? string
function run.progress(done, total, label) end

---Says that the run is alive and getting on.
function run.heartbeat() end

---One line about the run for lists ("The Lighthouse, 12 chapters").
---@param text string
function run.summary(text) end

---What was spent so far and what may be. Waits.
---@return {cost: number, calls: integer, cost_limit: number, calls_limit: integer, tokens: integer, tokens_limit: integer}
function run.budget() end

---May a pass be made that the work can do without? No, when whoever started the run wants such passes left out at its limit (`--at-budget skip`)
---and more of the budget is gone than of the work is done. Say then what was skipped, and go on without. Waits.
---@param what string   -- "the audit of chapter 3"
---@param done number   -- the share of the work that is done, 0 to 1
---@return boolean
function run.optional(what, done) end

---Waits. A restart does not make it longer.
---@param seconds number
function run.sleep(seconds) end

---What a person told the writer since the last time this was asked. Waits.
---@return string[]
function run.notes() end

---------------------------------------------------------------------------------------------------------------- step
---A piece of pure but costly work whose result is kept: on resume it is not done again. Keyed by its name, `inputs` and the
---hash of the file that defines fn. `fn` may not wait; its result must be JSON (table, string, number, boolean, nil). Waits.
---@param name string
---@param inputs any      -- JSON
---@param fn fun(inputs: any): any
---@return any
function step(name, inputs, fn) end

---------------------------------------------------------------------------------------------------------------- task
task = {}

---@class Task

---Starts fn in a task of its own. `key` names it in the journal (default: its number within its parent). Two unfinished tasks of the
---same parent cannot have the same key; a key may be used again once its task has ended.
---@param fn fun(): any
---@param options? {key?: string}
---@return Task
function task.spawn(fn, options) end

---Waits for a task and returns what it returned, or raises its error.
---@param t Task
---@return any
function task.wait(t) end

---Runs functions at the same time and waits for all; the results in the same order. The first error (in order) is raised after all ended.
---@param fns (fun(): any)[]
---@return any[]
function task.all(fns) end

---fn(item, index) for each item, at most `limit` at a time (default 8); the results in the list's order. `key(item, index)` names the tasks.
---@param list any[]
---@param fn fun(item: any, index: integer): any
---@param options? {limit?: integer, key?: fun(item: any, index: integer): string}
---@return any[]
function task.map(list, fn, options) end

------------------------------------------------------------------------------------------------------------ artifact
artifact = {}

---Saves a new version of a document of the project. A table is saved as JSON (kind "json"). Over a person's version it
---becomes a proposal and the head stays, whether or not the run has read it. Waits until it is durable. Inside artifact.commit it only joins the transaction.
---@param name string      -- "blueprint.json", "chapters/03.md"
---@param content string|table
---@param options? {kind?: string}   -- "json", "markdown", "text", "binary" (default by the name's ending)
---@return {name: string, version: integer, proposal: boolean, bytes: integer}
function artifact.put(name, content, options) end

---The newest version's content: a table for kind "json", else a string; nil when there is none. Waits.
---@param name string
---@return any content
---@return {version: integer, kind: string, author: string}? info
function artifact.get(name) end

---Names with the prefix, sorted. Waits.
---@param prefix? string
---@return {name: string, version: integer, kind: string, author: string}[]
function artifact.list(prefix) end

---All versions of one document, oldest first. Waits.
---@param name string
---@return {version: integer, author: string, state: string}[]
function artifact.history(name) end

---Several puts in one transaction: all or none. fn may only call artifact.put. Waits after fn returned. Also beats the heart.
---@param fn fun()
---@return {name: string, version: integer, proposal: boolean, bytes: integer}[]
function artifact.commit(fn) end

---------------------------------------------------------------------------------------------------------------- gate
gate = {}

---Asks a person. The run is parked without memory until somebody decides or the time is up. Waits.
---@param question {title: string, show: string|table, choices: string[], schema?: table, timeout?: number, on_timeout?: string}
---   timeout in seconds; on_timeout: the choice that is taken then (default: the first)
---@return {choice: string, edits: any, by: string, seq: integer}   -- edits: the text or table as the person left it, or the note of a
---   person who wants something else, or nil; seq: name it in `rejected` of an error, and a retry asks this question anew.
---   Edits that are saved as they are make a version by the person: no run writes over it
function gate.ask(question) end

------------------------------------------------------------------------------------------------------------- project
project = {}

---@class Project
---@field slug string
---@field title string
---@field kind string
---@field fields table

---The project that the run works on now. Waits.
---@return Project
function project.get() end

---Its parent (the series of a book), or nil. Waits.
---@return Project?
function project.parent() end

---Merges fields into the project ("title" and "kind" are shown in lists). Waits.
---@param fields table
---@return Project
function project.set(fields) end

---Makes or finds a child of the run's own project and works on it from here on: artifact.* and project.* of all tasks mean it. Waits.
---@param key string          -- "book-1"
---@param fields? table
---@return Project
---@return Project
function project.enter(key, fields) end

---Goes back to the run's own project.
function project.leave() end

-------------------------------------------------------------------------------------------------------------- export
export = {}

---@class Pipeline              -- what a file of pipelines/ returns
---@field title string
---@field description? string
---@field input? table          -- its fields: { {name=, type=, help=, required=, default=, min=, max=, choices=}, ... }
---@field phases? string[]      -- what --until may name; "chapter:N" for numbered checkpoints. Without it anything is taken
---@field gives? string[]       -- the documents that --give may bring. Without it any is taken
---@field hidden? boolean       -- not among the forms for a new run
---@field on_book? boolean      -- works on a book that is there: `quire script test` writes a short one first
---@field limits? {memory_mb?: number, phase_cpu_s?: number, run_cpu_s?: number}
---@field run fun(input: table): any

---@class ExportTools
---@field png fun(svg: string): string?, string?   -- a picture's PNG, or nil and why not (rsvg-convert is not installed, ...)
---@field files table<string, string>              -- the documents that export.run named, as they are
---@field source_date? string                      -- SOURCE_DATE_EPOCH of the host's environment, as "2026-05-31T00:00:00Z"

---@class Export                -- what a file of exports/ returns to be one of a book's files; a plain function(book, tools) is for export.run alone
---@field id string             -- what people write after --format: "md"
---@field title string          -- what they read: "Markdown"
---@field name string           -- the file's and the document's name: "book.md"
---@field pictures? boolean     -- it wants the cover in tools.files
---@field make fun(book: table, tools: ExportTools): string

---The names of the scripts in exports/, sorted: what export.run takes as `format`.
---@return string[]
function export.list() end

---Runs the script exports/FORMAT.lua on a worker thread, in a state of its own without llm, run, artifact and the like (json, text, markdown,
---zip and require are there). The script returns an Export, or function(book, tools) -> bytes. The result is saved as artifact `name` and written to
---the run's output directory. `files` are documents that it gets as they are, such as pictures (at most 16). Waits.
---@param what {format: string, name: string, book: table, files?: {name: string, version: integer}[]}
---@return {name: string, version: integer, path: string, bytes: integer}
function export.run(what) end

--------------------------------------------------------------------------------------------------------------- check
check = {}

---@class Check                 -- what a file of checks/ returns
---@field title string          -- what it looks for, in a few words
---@field kind? string          -- "code" (default), or "model": a judge is asked
---@field scope string          -- "scene", "chapter", "book", or "plan" (before the chapter is written)
---@field reads? string[]       -- "text" (default), "plan", "facts", "state" (facts of the chapters before), "structure", "cast", "earlier", "secrets"
---                             -- (the last chapters): what its findings hang on. Without one of them it is not asked
---@field languages? string[]   -- tags of the only languages that it knows; all without it
---@field thresholds? table<string, number>   -- its numbers, which a book's checks.json may change
---@field several? boolean      -- true: it can say several things of one chapter without a quote; what it says tells them apart then, and each is
---                             -- kept and dismissed alone
---@field off? boolean          -- true: only in books that switch it on
---@field sees? string          -- "prose" (default) or "story": what the judge sees whom a suspicion of it, or its own question, is put to
---@field run? fun(it: Evidence, limits: table<string, number>): {problem: string, quote: string?, certain: boolean?, scene: integer?, chapter: integer?}[]
---@field look_for? string      -- of kind "model": what its judge looks for, as a list of points
---@field most? integer         -- of kind "model": most findings (default 6)

---@class Evidence              -- what a check looks at; what is not known of a book is nil
---@field reading table         -- its text (lib/reading.lua): prose, paragraphs(), sentences(), words(), narration(), speech(), has(phrases)
---@field number integer        -- of the chapter
---@field tag string            -- of the language
---@field language? table       -- {name=, tag=}
---@field scene? integer        -- of scope "scene": which one; budget: its words in the plan
---@field scenes? string[]      -- of scope "chapter"
---@field chapters? {number: integer, title: string, prose: string, sheet: table?}[]   -- of scope "book"
---@field plan? table           -- plans/NN.json
---@field sheet? table          -- facts/NN.json; of scope "book" {paid=}
---@field state? table          -- before the chapter: dead = {[name] = chapter}, day, people, paid
---@field structure? table
---@field cast? table[]
---@field secrets? table[]      -- what the reader learns only later (secrets.json): {id=, what=, knows=, reveal=, words=}
---@field earlier? {number: integer, prose: string}[]
---@field viewpoint? string
---@field tense? string

---The names of the scripts in checks/, sorted.
---@return string[]
function check.list() end

----------------------------------------------------------------------------------------------------------------- log
log = {}
---@param format string
---@param ... any
function log.info(format, ...) end
function log.warn(format, ...) end
function log.error(format, ...) end

---------------------------------------------------------------------------------------------------------------- json
json = {}
---JSON null, for where nil cannot stand.
json.null = nil
---@param value any
---@return string     -- canonical: sorted keys, no spaces
function json.encode(value) end
---@param s string
---@return any value   -- arrays and objects as tables (arrays remember that they are arrays, also when empty), null as json.null
function json.decode(s) end
---Marks a table as an array, so that an empty one is [] and not {}.
---@param t table
---@return table
function json.array(t) end
---@param value any
---@param schema table
---@return boolean ok
---@return string? err   -- "chapters[3].title: expected string, got number"
function json.check(value, schema) end
---Takes the JSON document out of a model's answer: bare, in a code fence, or amid prose; mends trailing commas and raw newlines in strings.
---@param s string
---@return any? value
---@return string? err
function json.extract(s) end

--------------------------------------------------------------------------------------------------------------- cjson
---lua-cjson, for scripts that expect it; `require "cjson"` and `require "cjson.safe"` give it too. New scripts use json.
cjson = {}
---JSON null.
cjson.null = nil
---As lua-cjson decodes: every number is a float, [] and {} are the same empty table. At most 1 MB.
---@param s string
---@return any value
function cjson.decode(s) end
---The same as json.encode.
---@param value any
---@return string
function cjson.encode(value) end

---------------------------------------------------------------------------------------------------------------- text
text = {}
---@param s string
---@return integer     -- words as a reader counts them, in any script
function text.words(s) end
---@param s string
---@return string[]
function text.sentences(s) end
---@param s string
---@return string[]   -- split at blank lines, trimmed, empty ones left out
function text.paragraphs(s) end
---@param s string
---@return string[]
function text.lines(s) end
---@param s string
---@return string
function text.trim(s) end
---@param s string
---@return string     -- lower case, also of non-ASCII letters (Latin, Greek, Cyrillic); for comparing
function text.fold(s) end
---@param s string
---@return string     -- "the-lighthouse", "灯台の日記"; "untitled" when no letter is left
function text.slug(s) end
---At most n words from the start, cut at a sentence end where there is one in the last third, else with " …".
---@param s string
---@param n integer
---@return string
function text.first_words(s, n) end
---The last n words, from a sentence start where there is one.
---@param s string
---@param n integer
---@return string
function text.last_words(s, n) end
---The number of code points, or of bytes where the text is not UTF-8.
---@param s string
---@return integer
function text.length(s) end
---How alike two texts are, 0 to 1 (shared word trigrams).
---@param a string
---@param b string
---@return number
function text.similarity(a, b) end
---Word sequences of length n that occur at least `least` times, most frequent first.
---@param s string
---@param n integer
---@param least integer
---@return {text: string, count: integer}[]
function text.repeated(s, n, least) end
---The name of `names` nearest to `word`, or nil when none is near.
---@param word string
---@param names string[]
---@return string?
function text.nearest(word, names) end
---& < > " ' escaped for XML; characters that XML forbids are left out.
---@param s string
---@return string
function text.xml(s) end
---Straight quotes, hyphens and dots to typographic ones for a language ("en", "de", "fr", ...; unknown: English).
---@param s string
---@param language string
---@return string
function text.smarten(s, language) end
---@param s string
---@return string    -- SHA-256, 64 hex digits
function text.sha256(s) end
---Replaces {{name}} by fields.name (string or number); an unknown name is an error with the nearest one.
---@param template string
---@param fields table
---@return string
function text.fill(template, fields) end

------------------------------------------------------------------------------------------------------------ markdown
markdown = {}
---XHTML fragment (well-formed XML) for a book; raw HTML in the source is shown as text. Images become their text, and links lead to a
---host (http, https) or a mailbox, or nowhere.
---@param s string
---@return string
function markdown.xhtml(s) end
---@param s string
---@return {kind: string, level: integer?, text: string}[]   -- heading, paragraph, rule, quote, list, code
function markdown.blocks(s) end

----------------------------------------------------------------------------------------------------------------- zip
zip = {}
---A zip archive with fixed dates, byte-identical for identical entries.
---@param entries {name: string, data: string, store?: boolean}[]   -- store: not compressed
---@return string
function zip.build(entries) end
