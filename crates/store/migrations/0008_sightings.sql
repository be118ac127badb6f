-- Which web pages have called a chatbot lately.

create table chatbot_sighting (
  account_id uuid not null,
  chatbot_id uuid not null,
  origin text /*pg: collate "C" */ not null,
  admitted boolean not null, -- whether that page may embed it
  seen_at bigint not null, -- to within an hour
  primary key (account_id, chatbot_id, origin),
  foreign key (account_id, chatbot_id) references chatbot (account_id, id)
);
