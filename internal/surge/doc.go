// Package surge notices when something comes much more often than usual: complaints and negative feedback, in all and by topic,
// region, segment and channel.
//
// Each of these is a stream of counts, one for every bucket of time. A stream's usual rate is learned from its own past, which
// fades with a half-life; what it is measured against is not the mean but a cautious upper value: the mean of the Gamma
// posterior and [Caution] of its standard deviations. A stream with little past borrows from the whole of its signal, divided
// among the streams of its dimension, worth one event. So a small or new stream that nothing is known of does not alarm by
// itself.
//
// A stream alarms by a Shiryaev–Roberts e-detector over a mixture of rate ratios (Shin, Ramdas and Rinaldo, E-detectors, 2023):
// with the cautious rate λ and a count n, the evidence for a ratio r is R ← (R + 1)·rⁿ·exp(−λ(r−1)), and the alarm is raised
// when the mean of R over [Ratios] reaches the number of streams times the buckets of a year, divided by the false alarms a year
// that are allowed. While counts are Poisson with at most the cautious rate, the mean time between false alarms of all streams
// together is then at least 1/false alarms years, whatever the rates are and however streams depend on each other.
//
// What is not looked at: the time of day and of the week. A rate that is far above its own mean every noon has a usual rate
// somewhere between, and busy streams may alarm at noon; a longer bucket evens that out. Counts that come in clumps are no
// Poisson counts: one person who complains ten times about the same counts once in a bucket, but a family that complains together
// weighs as if strangers had.
//
// An alarm is over when the counts say, by [backEvidence], that the rate is the usual one rather than half of what it was. The
// usual rate is not learned during an alarm. What has lasted for longer than the half-life is the usual from then on: the alarm
// ends and the rate is learned anew.
//
//	w := surge.New()
//	w.Observe(written, surge.Event{Signal: "complaints", Topics: []string{"bike", "bike/ebike"}})
//	w.Advance(now, surge.Config{...})
//	for _, a := range w.List() { … }
//
// It keeps no clock: time is what it is told. A Watch marshals to JSON and back without loss.
package surge
