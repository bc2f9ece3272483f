// Runs every scenario at every provider with one of the official npm clients, and prints what the client made of it: {"openai/chat": "Hello …"}.
// Usage: node run.mjs openai|anthropic|responses|audio BASE_URL KEY PROVIDER,PROVIDER
import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";

const [, , client, baseURL, apiKey, providers] = process.argv;
const picture = "iVBORw0KGgo=";
const pdf = "JVBERi0=";
const names = ["weather", "now"];
const schema = { type: "object", properties: { city: { type: "string" } } };

function openAi() {
  const api = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  const tools = names.map((name) => ({ type: "function", function: { name, parameters: schema } }));
  const ask = (model, content, more = {}) => api.chat.completions.create({ model, messages: [{ role: "user", content }], ...more });
  const read = async (stream, words) => {
    let usage;
    for await (const chunk of stream) {
      if (chunk.usage) usage = chunk.usage;
      words.push(chunk.choices[0]?.delta?.content ?? "");
    }
    return usage;
  };
  return {
    chat: async (model) => {
      const { choices, usage } = await ask(model, "Hi");
      return `${choices[0].message.content} | in ${usage.prompt_tokens} out ${usage.completion_tokens}`;
    },
    stream: async (model) => {
      const words = [];
      const usage = await read(await ask(model, "Hi", { stream: true, stream_options: { include_usage: true } }), words);
      return `${words.join("")} | in ${usage.prompt_tokens} out ${usage.completion_tokens}`;
    },
    tools: async (model) => {
      const messages = [{ role: "user", content: "Weather and time?" }];
      const { message } = (await api.chat.completions.create({ model, messages, tools })).choices[0];
      messages.push(message, ...message.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: call.function.name === "now" ? "12" : "rain" })));
      const last = await api.chat.completions.create({ model, messages, tools });
      return `${message.tool_calls.map((call) => `${call.function.name} ${JSON.stringify(JSON.parse(call.function.arguments))}`).join(", ")} | ${last.choices[0].message.content}`;
    },
    image: async (model) => (await ask(model, [
      { type: "text", text: "What?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } },
    ])).choices[0].message.content,
    document: async (model) => (await ask(model, [
      { type: "text", text: "What?" }, { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` } },
    ])).choices[0].message.content,
    thinking: async (model) => {
      const { message } = (await ask(model, "Why?", { max_completion_tokens: 9000, reasoning_effort: "low" })).choices[0];
      return `${message.reasoning_content} | ${message.content}`;
    },
    refusal: async (model) => {
      const { message, finish_reason } = (await ask(model, "Bad")).choices[0];
      return message.refusal || finish_reason === "content_filter" ? `refused: ${message.refusal ?? message.content}` : "answered";
    },
    "rate limit": (model) => ask(model, "Hi").then(() => "answered", (error) => `${error.constructor.name} ${error.status}`),
    "cut stream": async (model) => {
      const words = [];
      const isWhole = await ask(model, "Hi", { stream: true }).then((stream) => read(stream, words)).then(() => true, () => false);
      return `${words.join("")} | ${isWhole ? "whole" : "cut"}`;
    },
  };
}

// OpenAI's Responses API, at providers that do not speak it.
function responses() {
  const api = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  const tools = names.map((name) => ({ type: "function", name, parameters: schema, strict: false }));
  return {
    chat: async (model) => {
      const { output_text, usage } = await api.responses.create({ model, input: "Hi", store: false });
      return `${output_text} | in ${usage.input_tokens} out ${usage.output_tokens}`;
    },
    stream: async (model) => {
      const words = [];
      const stream = api.responses.stream({ model, input: "Hi", store: false });
      stream.on("response.output_text.delta", (event) => words.push(event.delta));
      const { output_text, usage } = await stream.finalResponse();
      if (words.join("") !== output_text) throw new Error(`The pieces '${words.join("")}' are not the whole '${output_text}'`);
      return `${output_text} | in ${usage.input_tokens} out ${usage.output_tokens}`;
    },
    tools: async (model) => {
      const input = [{ role: "user", content: "Weather and time?" }];
      const { output } = await api.responses.create({ model, input, tools, store: false });
      const calls = output.filter((item) => item.type === "function_call");
      input.push(...output, ...calls.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: call.name === "now" ? "12" : "rain" })));
      const last = await api.responses.create({ model, input, tools, store: false });
      return `${calls.map((call) => `${call.name} ${JSON.stringify(JSON.parse(call.arguments))}`).join(", ")} | ${last.output_text}`;
    },
    "rate limit": (model) => api.responses.create({ model, input: "Hi" }).then(() => "answered", (error) => `${error.constructor.name} ${error.status}`),
    "cut stream": async (model) => {
      const words = [];
      const stream = api.responses.stream({ model, input: "Hi" });
      stream.on("response.output_text.delta", (event) => words.push(event.delta));
      const isWhole = await stream.finalResponse().then(() => true, () => false);
      return `${words.join("")} | ${isWhole ? "whole" : "cut"}`;
    },
  };
}

// Forms, answers that are no JSON, and the events of both.
function audio() {
  const api = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  const file = () => toFile(Buffer.from("RIFF"), "a.wav", { type: "audio/wav" });
  const told = (text, usage) => `${text} | in ${usage.input_tokens} out ${usage.output_tokens}`;
  const speak = (model, more = {}) => api.audio.speech.create({ model, voice: "alloy", input: "Hi", response_format: "wav", ...more });
  return {
    transcription: async (model) => {
      const { text, usage } = await api.audio.transcriptions.create({ model, file: await file() });
      return told(text, usage);
    },
    translation: async (model) => (await api.audio.translations.create({ model, file: await file() })).text,
    "streamed transcription": async (model) => {
      const words = [];
      for await (const event of await api.audio.transcriptions.create({ model, file: await file(), stream: true })) {
        if (event.type === "transcript.text.delta") words.push(event.delta);
        if (event.type === "transcript.text.done") return told(words.join(""), event.usage);
      }
    },
    speech: async (model) => Buffer.from(await (await speak(model)).arrayBuffer()).toString(),
    "streamed speech": async (model) => {
      const events = (await (await speak(model, { stream_format: "sse" })).text()).split("\n\n").filter(Boolean).map((event) => JSON.parse(event.slice(6)));
      return told(events.filter((event) => event.audio).map((event) => event.audio).join(""), events.at(-1).usage);
    },
  };
}

function anthropic() {
  const api = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
  const tools = names.map((name) => ({ name, input_schema: schema }));
  const ask = (model, content, more = {}) => api.messages.create({ model, max_tokens: 99, messages: [{ role: "user", content }], ...more });
  const text = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");
  return {
    chat: async (model) => {
      const message = await ask(model, "Hi");
      return `${text(message)} | in ${message.usage.input_tokens} out ${message.usage.output_tokens}`;
    },
    stream: async (model) => {
      const message = await api.messages.stream({ model, max_tokens: 99, messages: [{ role: "user", content: "Hi" }] }).finalMessage();
      return `${text(message)} | in ${message.usage.input_tokens} out ${message.usage.output_tokens}`;
    },
    tools: async (model) => {
      const messages = [{ role: "user", content: "Weather and time?" }];
      const first = await api.messages.create({ model, max_tokens: 99, messages, tools });
      const calls = first.content.filter((block) => block.type === "tool_use");
      messages.push({ role: "assistant", content: first.content },
        { role: "user", content: calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: call.name === "now" ? "12" : "rain" })) });
      const last = await api.messages.create({ model, max_tokens: 99, messages, tools });
      return `${calls.map((call) => `${call.name} ${JSON.stringify(call.input)}`).join(", ")} | ${text(last)}`;
    },
    image: async (model) => text(await ask(model, [
      { type: "text", text: "What?" }, { type: "image", source: { type: "base64", media_type: "image/png", data: picture } },
    ])),
    document: async (model) => text(await ask(model, [
      { type: "text", text: "What?" }, { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf } },
    ])),
    thinking: async (model) => {
      const message = await ask(model, "Why?", { max_tokens: 9000, thinking: { type: "enabled", budget_tokens: 2048 } });
      return `${message.content.find((block) => block.type === "thinking")?.thinking} | ${text(message)}`;
    },
    refusal: async (model) => {
      const message = await ask(model, "Bad");
      return message.stop_reason === "refusal" ? `refused: ${text(message)}` : "answered";
    },
    "rate limit": (model) => ask(model, "Hi").then(() => "answered", (error) => `${error.constructor.name} ${error.status}`),
    "cut stream": async (model) => {
      const stream = api.messages.stream({ model, max_tokens: 99, messages: [{ role: "user", content: "Hi" }] });
      const words = [];
      stream.on("text", (piece) => words.push(piece));
      const isWhole = await stream.finalMessage().then(() => true, () => false);
      return `${words.join("")} | ${isWhole ? "whole" : "cut"}`;
    },
  };
}

const results = {};
for (const [scenario, run] of Object.entries({ openai: openAi, anthropic, responses, audio }[client]())) {
  for (const provider of providers.split(",")) {
    results[`${provider}/${scenario}`] = await run(`${provider}/${scenario}`).catch((error) => `${error.constructor.name}: ${error.message}`);
  }
}
console.log(JSON.stringify(results));
