/** The Kafka topics of events: their names are part of the contract with consumers. */

/** Every event, with its subject as the key. */
export const EVENTS_TOPIC = 'counterpoise.events';
/** What can never be published or consumed, with the reason in the headers. */
export const DEAD_LETTER_TOPIC = 'counterpoise.events.dlq';
/** So many partitions has a topic that the publisher makes: as many consumers of a group can share the work. */
export const PARTITIONS = 6;
/** The content type of a message's value: a CloudEvent in structured mode. */
export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';
