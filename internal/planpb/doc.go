// Package planpb knows the outer forms of a plan: the proto message that travels and is kept, and the folder of YAML
// that marketers edit. It also holds the plans that come with the service.
//
// [FromProto] and [ToProto] translate between the contract and the vocabulary, [ReadFS] reads a folder into the
// contract, [Marshal] writes it out again. Nothing here judges a plan: package plan says whether it makes sense, and
// [Sources.Locate] tells the marketer in which line.
//
//	fsys, _ := planpb.Bundle("sykkel")
//	p, sources, err := planpb.ReadFS(fsys)  // unknown keys, wrong types: with file and line
//	…
//	violations := sources.Locate(plan.Validate(planpb.FromProto(p)))
//
// # The folder
//
// All files of the folder ending in .yaml or .yml, at any depth, in the order of their paths, are one plan: each file is a
// mapping whose keys are fields of the message Plan (see plan.proto). Lists are joined (journeys may lie in several
// files), every other key stands in one file only. Keys are spelled as in the contract (unsure_below). Beyond the
// mapping of proto3 to JSON, values may be written as people write them:
//
//   - the values of an enum in short: kind: offer, status: draft;
//   - durations with units, the largest first: 30m, 1h30m, 14d, 2w;
//   - moments as RFC 3339 or as a date, which begins at midnight UTC: 2026-05-01;
//   - money as amount and currency: 24990 NOK, or as the mapping {currency_code: NOK, micros: 24990000000}.
//
// Anchors, aliases, merge keys, custom tags and several documents in one file are refused, as are files over
// [MaxFileBytes]: what a plan says is to be seen where it is said, and reading is bounded by what was written.
package planpb
