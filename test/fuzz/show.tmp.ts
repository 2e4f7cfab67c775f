import { readGrave } from "./graveyard.js"; import { bytesOf } from "./input.js"; import { readFrames } from "./wire/raw-frame.js"; import { preface } from "../support/http2/constants.js";
const g = readGrave(process.argv[2]!); let b = bytesOf(g.input); if (b.subarray(0,3).toString()==="PRI") b = b.subarray(preface.length);
const r = readFrames(b); for (const f of r.frames) console.log(f.type, f.flags, f.streamId, f.payload.length, f.payload.toString("hex").slice(0,80)); console.log("missing", r.missing, g.input.map(s=>typeof s==="string"?s:s.length).join(" "));
