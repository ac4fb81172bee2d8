// Package eventlog reads logs of what visitors did, as shops keep them: CSV with a header or JSON Lines, plain or gzip,
// with their own names for columns, event types and time. It streams, knows the line of everything it gives, and goes on
// past rows that make no sense.
//
//	log, err := eventlog.Open("clicks.csv.gz", eventlog.Options{
//		Columns: map[string]string{"visitor_id": "user_id", "type": "behavior", "time": "timestamp"},
//		Types:   map[string]string{"pv": "view", "buy": "purchase"},
//		Time:    eventlog.Seconds,
//	})
//	if err != nil { … }
//	defer log.Close()
//	for row, err := range log.Rows() {
//		if bad, ok := errors.AsType[*eventlog.RowError](err); ok { report(bad.Line, bad.Text); continue }
//		if err != nil { return err } // the file can not be read any further
//		use(row)
//	}
//
// It judges form only: whether an event type exists or an id is allowed is for the service to say. It imports only the
// standard library.
package eventlog
